"""What a trade costs at a venue: the user's own fee, else the published one, for the way orders are executed."""

from __future__ import annotations

from fundtui.config.schema import Execution, Settings
from fundtui.market import Fees


def own_fees(settings: Settings) -> dict[str, float]:
    """Venue -> the user's own fee as a fraction, where one is set for the chosen execution."""
    found = {
        name: one.maker_fee if settings.costs.execution is Execution.MAKER else one.taker_fee
        for name, one in settings.venues.named.items()
    }
    return {name: fee for name, fee in found.items() if fee is not None}


def published_fee(settings: Settings, fees: Fees) -> float:
    """A venue's base-tier fee for the chosen execution; NaN where it says none."""
    return fees.maker if settings.costs.execution is Execution.MAKER else fees.taker


def fee_at(settings: Settings, venue: str, fees: Fees) -> float:
    """What a trade at the venue costs; NaN where nobody said."""
    own = own_fees(settings)
    return own[venue] if venue in own else published_fee(settings, fees)
