"""GMX v2 on Arbitrum: pools instead of an order book. Wire facts: venue sheet gmx.

Two charges accrue every second: funding between the sides, and borrowing paid to the pool. The rate here is funding
alone, that of the side that pays, with the sign for longs (methodology §2.5); what the other side receives differs with
the sides' sizes and is told beside it. Each pool is an instrument of its own. The rates are of the newer interface,
documented as per hour times 10^30 and as each side's profit; no such answer was ever recorded, so the venue is
experimental. Prices and pools are of the keeper's interface.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from fundtui.market import (
    NAN,
    Averaging,
    Batch,
    Family,
    Fees,
    FundingRule,
    Instrument,
    Note,
    Quote,
    RateKind,
    Status,
)
from fundtui.text import clean
from fundtui.venues._identity import identify, unmarked_class
from fundtui.venues._newest import newest
from fundtui.venues._sides import both_rates, oi_skew
from fundtui.venues._wire import (
    NULL,
    BadRow,
    Decoder,
    Rows,
    RowsDecoder,
    batch,
    by_key,
    check_rate,
    judge_by,
    need,
    rate_reasons,
)
from fundtui.venues.spec import BadAnswer, Budget, Endpoint, Fault, Parts, Venue

NAME = "gmx"
KEEPER = "https://arbitrum-api.gmxinfra.io"
API = "https://arbitrum.gmxapi.io"
USD_DECIMALS = 30
NO_INDEX = "0x0000000000000000000000000000000000000000"
"""Index token of pools that only swap."""
VERSION_ENDS = (".v2", ".v3", "_deprecated")

RULE = FundingRule(family=Family.OI_SKEW, averaging=Averaging.NONE, source="methodology §2.5, venue sheet gmx")


class PoolRow(msgspec.Struct, frozen=True, gc=False, cache_hash=True):
    """Row of `markets`."""

    name: str
    marketToken: str
    indexToken: str
    isListed: bool = True


class TokenRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `tokens`."""

    symbol: str
    address: str
    decimals: int


class PriceRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `prices/tickers`: integers, USD per smallest unit of the token, times 10^30."""

    tokenAddress: str
    minPrice: str
    maxPrice: str


class RateRow(msgspec.Struct, frozen=True, gc=False):
    """Row of `markets/tickers` of the newer interface: integers as text, USD and hourly rates times 10^30."""

    marketTokenAddress: str
    fundingRateLong: str | None = None
    fundingRateShort: str | None = None
    longInterestUsd: str | None = None
    shortInterestUsd: str | None = None
    availableLiquidityLong: str | None = None
    availableLiquidityShort: str | None = None


class PoolsAnswer(msgspec.Struct, frozen=True):
    markets: msgspec.Raw = NULL
    error: str = ""


class TokensAnswer(msgspec.Struct, frozen=True):
    tokens: msgspec.Raw = NULL
    error: str = ""


class ErrorBody(msgspec.Struct, frozen=True):
    error: str


_pools_answer = Decoder(PoolsAnswer)
_tokens_answer = Decoder(TokensAnswer)
_pool_rows = RowsDecoder(PoolRow)
_token_rows = RowsDecoder(TokenRow)
_price_rows = RowsDecoder(PriceRow)
_rate_rows = RowsDecoder(RateRow)
_error = msgspec.json.Decoder(ErrorBody)


def _refuse_error(body: bytes) -> None:
    """Raise for `{"error": ...}`."""
    if body.lstrip()[:1] != b"{":
        return
    try:
        error = _error.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return
    raise BadAnswer(Fault.VENUE_ERROR, f"error: {clean(error.error, 120)}")


def decode_pools(body: bytes) -> Rows[PoolRow]:
    _refuse_error(body)
    return _pool_rows(_pools_answer(body).markets)


def decode_tokens(body: bytes) -> dict[str, TokenRow]:
    _refuse_error(body)
    return by_key(_token_rows(_tokens_answer(body).tokens).good, lambda row: row.address.lower())


def decode_prices(body: bytes) -> dict[str, PriceRow]:
    _refuse_error(body)
    return by_key(_price_rows(body).good, lambda row: row.tokenAddress.lower())


def decode_rates(body: bytes) -> dict[str, RateRow]:
    _refuse_error(body)
    return by_key(_rate_rows(body).good, lambda row: row.marketTokenAddress.lower())


def scaled(text: str | None, decimals: int) -> float:
    """An integer divided by 10^decimals; NaN for none. Divided as integers: 10^30 and more are no exact floats."""
    if text is None or not text:
        return NAN
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 60):
        raise BadRow("not_a_number")
    whole, rest = divmod(int(digits), 10**decimals)
    value: float = whole + rest / 10**decimals
    return -value if text.startswith("-") else value


def _symbol(pool: PoolRow) -> str:
    """`BTC/USD [WBTC.b-USDC]` as `BTC/USD:WBTC.b-USDC`."""
    pair, _, rest = pool.name.partition(" [")
    return f"{pair.replace(' (deprecated)', '')}:{rest.removesuffix(']').replace(' (deprecated)', '')}"


@newest
def _contract(market_token: str, pool: PoolRow, token: str) -> Instrument:
    base = token
    for end in VERSION_ENDS:
        base = base.removesuffix(end)
    identity = identify(base, unmarked_class(base))
    return Instrument(
        venue=NAME,
        symbol=_symbol(pool),
        native_id=market_token,
        asset=identity.asset,
        asset_class=identity.asset_class,
        quote="USD",
        settle="USD",
        multiplier=identity.multiplier,
        status=Status.TRADING if pool.isListed else Status.DELISTED,
        rate_period_h=1.0,
        rate_kind=RateKind.RUNNING,
        continuous=True,
        notes=(Note.TWO_RATES, Note.INDEX_IS_MARK),
        rule=RULE,
    )


def _price(row: PriceRow | None, decimals: int) -> float:
    """The middle of the oracle's lowest and highest price, in USD per token."""
    if row is None:
        return NAN
    middle = (scaled(row.minPrice, USD_DECIMALS - decimals) + scaled(row.maxPrice, USD_DECIMALS - decimals)) / 2
    return middle if middle > 0 else NAN


def read(parts: Parts, observed_ms: int) -> Batch:
    """One quote per pool; pools that only swap are none of ours. The open interest is the larger side's."""
    need(parts, "markets")
    need(parts, "tokens")
    pools: Rows[PoolRow] = parts["markets"]
    tokens: Mapping[str, TokenRow] = parts["tokens"]
    prices: Mapping[str, PriceRow] = parts.get("tickers:prices", {})
    rates: Mapping[str, RateRow] = parts.get("tickers:markets", {})

    def quote(pool: PoolRow) -> Quote | None:
        index = pool.indexToken.lower()
        if index == NO_INDEX:
            return None
        token = tokens.get(index)
        if token is None:
            raise BadRow("unknown_token")
        contract = _contract(pool.marketToken, pool, token.symbol)
        price = _price(prices.get(index), token.decimals)
        row = rates.get(pool.marketToken.lower())
        if row is None:
            rate, received, oi_usd, oi_cap_usd, skew = NAN, NAN, NAN, NAN, NAN
        else:
            paid, received = both_rates(
                scaled(row.fundingRateLong, USD_DECIMALS), scaled(row.fundingRateShort, USD_DECIMALS)
            )
            rate, received = check_rate(paid), check_rate(received)
            oi_usd, oi_cap_usd = _open_interest(row)
            skew = oi_skew(scaled(row.longInterestUsd, USD_DECIMALS), scaled(row.shortInterestUsd, USD_DECIMALS))
        return Quote(
            contract,
            observed_ms,
            rate,
            None,
            price,
            price,
            oi_base=oi_usd / price,
            oi_usd=oi_usd,
            oi_cap_usd=oi_cap_usd,
            reasons=rate_reasons(contract, rate),
            received_rate=received,
            oi_skew=skew,
        )

    return batch(NAME, observed_ms, pools.good, quote, rejected=pools.rejected)


def _open_interest(row: RateRow) -> tuple[float, float]:
    """Open interest of the larger side, and a cap that it fills as far as the fuller side fills its own.

    A side can hold its interest plus the liquidity still available; it is full where none is (methodology §5.5).
    """
    sides = [
        (scaled(row.longInterestUsd, USD_DECIMALS), scaled(row.availableLiquidityLong, USD_DECIMALS)),
        (scaled(row.shortInterestUsd, USD_DECIMALS), scaled(row.availableLiquidityShort, USD_DECIMALS)),
    ]
    known = [side for side in sides if side[0] == side[0]]
    larger = max((interest for interest, _ in known), default=NAN)
    usage = [interest / (interest + max(left, 0.0)) for interest, left in known if interest > 0 and left == left]
    return larger, larger / max(usage) if usage else NAN


VENUE = Venue(
    name=NAME,
    title="GMX v2 (Arbitrum)",
    base_url=KEEPER,
    endpoints=(
        Endpoint(
            name="tickers:markets",
            path="/v1/markets/tickers",
            decode=decode_rates,
            every_s=60,
            required=True,
            base_url=API,
        ),
        Endpoint(name="markets", path="/markets", decode=decode_pools, every_s=3600, required=True),
        Endpoint(name="tokens", path="/tokens", decode=decode_tokens, every_s=3600, required=True),
        Endpoint(name="tickers:prices", path="/prices/tickers", decode=decode_prices, every_s=60, perishable=True),
    ),
    read=read,
    rule=RULE,
    fees=Fees(maker=0.0004, taker=0.0006),
    budget=Budget(capacity=60, window_s=60),
    judge=judge_by(_refuse_error),
    no_history="told by subgraphs only, which are no REST (venue sheet gmx)",
    experimental="its rates' unit is documented but was never seen in a recorded answer",
    source="venue sheet gmx",
)
