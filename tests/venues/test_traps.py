"""Every trap that a venue sheet names has a test of its own: which one, phrase by phrase."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.venues.answers import SHARED

SHEETS = SHARED / "venues"
HERE = Path(__file__).parent

NO_CODE = ""
"""Of a remark that nothing in a reader can get wrong."""

TRAPS: dict[str, dict[str, str]] = {
    "aevo": {
        "ns vs s": "test_trap_nanoseconds_against_seconds_in_history",
        '6-decimals rounding hides idle 1.25e-5 ("0.000013")': "test_trap_six_decimals_hide_the_idle_rate",
    },
    "aster": {
        "OI missing": "test_trap_open_interest_is_missing",
        "data licence text restricts resale": NO_CODE,
        "dormant USD rows look like zero funding": "test_trap_dormant_dollar_rows_look_like_zero_funding",
    },
    "backpack": {
        "zoneless time, accruing first row": "test_trap_zoneless_time_and_trap_accruing_first_row",
        "PREDICTION rows": "test_trap_prediction_rows_and_spot_are_none_of_ours",
        "interval change in 2025": "test_trap_interval_change_in_2025",
    },
    "binance": {
        "1. `lastFundingRate` is predicted, not last settled": "test_trap_1_last_funding_rate_is_predicted",
        "2. Assuming 8h is wrong for most symbols": "test_trap_2_interval_is_never_eight_hours_against_the_evidence",
        "3. Dated rows in premiumIndex": "test_trap_3_dated_rows_of_the_premium_index",
        "4. ETHBTC-style and BTCDOM index perps exist": "test_trap_4_coin_quoted_and_index_perpetuals",
        "5. ticker/24hr costs 40 - poll it slower than premiumIndex": (
            "test_trap_5_the_heavy_ticker_is_asked_more_rarely"
        ),
        "6. OI not in bulk": "test_trap_6_open_interest_is_asked_for_the_watched_and_the_most_traded",
    },
    "bingx": {
        "No bulk OI": "test_trap_open_interest_per_symbol_only",
        "unknown symbol = code in 200": "test_trap_unknown_symbol_is_a_code_inside_200",
        "updateTime": "test_trap_update_time_is_no_freshness",
        "TradFi rows are half the list": "test_trap_traditional_rows_are_marked_by_their_prefix",
        "display-name collisions": "test_trap_display_names_collide_so_symbols_decide",
    },
    "bitget": {
        "Interval only in fund-rate/contracts": "test_trap_interval_only_in_fund_rate_and_contracts",
        "holdingAmount noise": "test_trap_holding_amount_has_float_noise",
        "three productTypes": "test_trap_three_product_types",
        'the newer v3 "UTA" API (`/api/v3/market/tickers?category=`) is a different shape - do not mix': (
            "test_trap_the_newer_v3_shape_is_refused"
        ),
    },
    "bybit": {
        "Two-sided OI": "test_trap_open_interest_is_two_sided",
        "instruments paging": "test_trap_instruments_come_in_pages",
        "USDC perps named `...PERP`": "test_trap_usdc_perpetuals_are_named_perp",
        '403 is both rate-limit and geo-block (HTML body with "CloudFront"/"country" => geo)': (
            "test_trap_403_is_location_block_or_ban"
        ),
        "WS ticker deltas omit unchanged fields": (
            "test_trap_fields_that_a_row_omits_are_missing_and_never_carried_over"
        ),
    },
    "coinbase-intx": {
        "three products under one brand": "test_trap_three_products_under_one_brand",
        "nanosecond interval": "test_trap_nanosecond_interval_of_a_saved_answer",
        "empty strings": "test_trap_empty_strings_are_missing_numbers",
    },
    "cryptocom": {
        "No bulk funding": "test_trap_no_bulk_funding_so_only_the_watched_are_asked",
        "hourly rate (most naive code treats it as 8h)": "test_trap_the_rate_is_hourly_and_fixed",
        "`oi` null": "test_trap_open_interest_may_be_null",
        "old v2 API (`api.crypto.com/v2`) is a different shape": "test_trap_the_old_v2_form_is_refused",
    },
    "delta": {
        "percent": "test_trap_percent",
        "microseconds": "test_trap_microseconds_are_not_read_as_a_time",
        "same name, different contract by region": "test_trap_one_name_is_another_contract_in_the_other_region",
        "Recordings are old (2021/2023)": "test_trap_recordings_are_old_so_both_regions_are_experimental",
    },
    "deribit": {
        "ccxt's fetchFundingRate returns a trailing sum, not the live rate": (
            "test_trap_the_live_rate_is_not_the_trailing_sum"
        ),
        '"8h" here is a quotation, not a cadence': "test_trap_eight_hours_are_a_quotation_not_a_cadence",
        "Units of OI differ by margin type in one response": ("test_trap_units_of_open_interest_differ_by_margin_type"),
        "Test net is `test.deribit.com`": "test_trap_test_net_is_another_host_and_its_answers_are_refused",
    },
    "drift": {
        "percent; sign per side": "test_trap_percent_and_trap_sign_per_side",
        "absolute in history, relative in bulk": "test_trap_absolute_in_history_relative_in_bulk",
        "brand change": "test_trap_brand_change",
    },
    "dydx": {
        "Object not list": "test_trap_object_not_list",
        "hourly not 8h": "test_trap_hourly_not_eight_hours",
        "commas in tickers": "test_trap_commas_in_tickers",
        "oracle only, so mark-index basis is always 0 (do not use in basis metrics)": (
            "test_trap_oracle_only_so_there_is_no_basis"
        ),
    },
    "edgex": {
        "three rate fields": "test_trap_three_rate_fields",
        "old host silently empty": "test_trap_the_old_host_answers_empty",
        "OI per symbol": "test_trap_open_interest_is_per_symbol_and_asked_for_watched_assets_only",
    },
    "extended": {
        "name of the time field": "test_trap_next_funding_rate_is_a_time",
        "rounding (4 % relative at idle)": "test_trap_rounding_is_four_percent_when_idle",
        "percent cap": "test_trap_percent_cap",
        "UA": "test_trap_user_agent_is_sent_with_every_request",
        "One EU location saw timeouts": NO_CODE,
    },
    "gate": {
        "Seconds not ms": "test_trap_seconds_not_milliseconds",
        "limit parameter": "test_trap_no_limit_parameter",
        "one- vs two-sided OI": "test_trap_open_interest_is_the_long_side",
        "taker_fee_rate misleading": "test_trap_list_fees_are_not_the_users",
        "stock tokens share tickers with crypto": "test_trap_stock_tokens_share_tickers_with_crypto",
    },
    "gmx": {
        "1e30 scale overflow float only if converted early (use int then divide)": (
            "test_trap_the_scale_is_divided_as_integers"
        ),
        "sign": "test_trap_sign_and_two_rates",
        "multiple pools": "test_trap_multiple_pools_of_one_index_are_instruments_of_their_own",
        "unlisted rows": "test_trap_unlisted_rows_are_delisted",
    },
    "hibachi": {
        "null info": "test_trap_null_info_and_closed_markets",
        "slash in symbol must be URL-encoded": "test_trap_slash_in_symbols_is_sent_encoded",
        "6-decimal rounding": "test_trap_six_decimals",
    },
    "htx": {
        '"0E-18"': "test_trap_zero_prints_0e_18",
        "stale rows": "test_trap_stale_rows_of_suspended_contracts",
        "no bulk mark": "test_trap_no_bulk_mark_but_one_by_one_for_the_watched",
        "vol unit differs by endpoint": "test_trap_open_interest_and_volume_units",
        "three different path prefixes": "test_trap_three_path_prefixes",
    },
    "hyperliquid": {
        "Position pairing": "test_trap_position_pairing_is_refused_when_the_lists_differ_in_length",
        "55 dead rows": "test_trap_55_dead_rows_are_delisted_by_their_flag",
        "dex list grows (hard-coded lists and ccxt's default take only the first few)": (
            "test_trap_the_dex_list_grows_so_it_is_read_and_never_written_down"
        ),
        "`dex:` names collide with real tickers on other venues (stocks, metals)": (
            "test_trap_dex_names_that_collide_with_tickers_elsewhere_are_told_apart_by_class"
        ),
        'funding "0.0" from multiplier 0 is real': "test_trap_funding_zero_from_multiplier_zero_is_real",
        "mids missing": "test_trap_mids_missing",
        "the same coin exists on several builder dexes with different collateral": (
            "test_trap_one_coin_on_several_dexes_keeps_its_collateral"
        ),
    },
    "kraken-futures": {
        "the rate is absolute": "test_trap_rates_are_absolute_against_the_relative_rate_that_the_websocket_tells",
        "ccxt clamps at 0.25 rather than 0.0025": "test_trap_rates_outside_the_cap_are_not_rejected",
        "index rows break naive parsers": "test_trap_index_rows_are_none_of_ours_and_cost_nothing",
        "PF and PI of the same coin are both live with different rates": (
            "test_trap_linear_and_inverse_of_one_coin_are_two_instruments"
        ),
    },
    "kucoin": {
        "nextFundingRateTime is a countdown": "test_trap_next_funding_time_is_a_countdown",
        "XBT": "test_trap_xbt_is_bitcoin",
        "lots x multiplier": "test_trap_lots_times_multiplier",
        "nulls on predicted/granularity": "test_trap_nulls_on_predicted_and_granularity",
        "numbers not strings": "test_trap_numbers_with_exponents",
    },
    "lighter": {
        "8h figure with hourly payment": "test_trap_eight_hour_figure_with_hourly_payment",
        "percent in history; direction sign": "test_trap_percent_in_history_and_trap_direction_sign",
        "venue mixing": "test_trap_venue_mixing",
        "id 0": "test_trap_market_id_zero",
    },
    "mexc": {
        "**Hard 0 funding** on ~20 % of contracts (TradFi, zero-fee promos, but also some crypto, e.g. persistent 0 "
        'history): show but flag "zero-rate", do not rank as "flat"': "test_trap_hard_zero_is_shown_but_flagged",
        "holdVol/volume24 in contracts": "test_trap_holdings_and_volume_are_contracts",
        "detail rate limit": "test_trap_detail_is_asked_hourly",
        "Bulk funding endpoint missing from older docs": "test_trap_bulk_funding_endpoint",
    },
    "okx": {
        "volCcy24h is base for linear": "test_trap_volume_is_in_base_coin",
        "`fundingTime` vs `nextFundingTime` off-by-one": "test_trap_funding_time_is_the_coming_one",
        "zero rates are genuine on TradFi": "test_trap_zero_rates_are_genuine_on_traditional_assets",
        "X-Perps in ANY": "test_trap_x_perps_come_along_and_are_dated",
        "index is a separate call keyed without -SWAP": "test_trap_index_is_keyed_without_swap",
    },
    "pacifica": {
        "field meaning shift by one hour": "test_trap_field_meaning_is_shifted_by_one_hour",
        "OI unit": "test_trap_open_interest_is_in_base_units",
        "credits": "test_trap_credits",
    },
    "paradex": {
        "size of bulk bodies": "test_trap_size_of_bulk_bodies",
        "ccxt ignores the interval": "test_trap_the_period_is_data",
        "index change needed for realised": (
            "test_trap_samples_are_no_payments_but_their_running_total_is_what_was_paid"
        ),
    },
    "phemex": {
        "ns timestamps": "test_trap_nanoseconds_are_not_read_as_times",
        "pageSize": "test_trap_page_size",
        "legacy scaled integers": "test_trap_old_scaled_integers",
        "huge products file": "test_trap_huge_products_file_is_asked_rarely",
        "`u` prefix": "test_trap_u_prefix_and_blank_in_the_base",
        "v2 removal": "test_trap_v2_names_still_read",
    },
    "vertex": {
        "24h unit": "test_trap_the_rate_is_for_24_hours_and_a_part_is_paid_each_hour",
        "archive vs gateway hosts": "test_trap_archive_and_gateway_are_two_hosts",
        "ccxt labels the interval 24h": "test_trap_the_rate_is_for_24_hours_and_a_part_is_paid_each_hour",
    },
    "whitebit": {
        "ms in futures vs seconds in history": "test_trap_milliseconds_here_and_seconds_in_the_history",
        "empty mark": "test_trap_empty_mark_and_zero_index",
        "TradFi index equals own last price (self-anchored)": (
            "test_trap_index_of_traditional_assets_is_their_own_price"
        ),
    },
    "woox": {
        "v1 and v3 differ in types and names": "test_trap_the_old_v1_form_is_refused",
        "no multi-row recorded body available to us": (
            "test_trap_only_single_rows_were_recorded_so_several_are_made_of_one"
        ),
    },
}
"""Venue -> the words of its sheet -> the test."""

_LINE = re.compile(r"^(?:.*\s)?Traps?: (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^## (?:Other t|T)raps\n(.+?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_THE = re.compile(r"^## THE trap: (.+)$", re.MULTILINE)


def traps_of(sheet: str) -> str:
    """What a sheet says of traps."""
    return " ".join(found.strip() for pattern in (_THE, _LINE, _SECTION) for found in pattern.findall(sheet))


@pytest.mark.skipif(not SHEETS.is_dir(), reason="the venue sheets are not beside the repository (../shared/venues)")
def test_every_word_of_every_sheet_on_traps_has_a_test() -> None:
    told = {file.stem: traps_of(file.read_text()) for file in SHEETS.glob("*.md")}
    told = {venue: text for venue, text in told.items() if text}
    assert set(told) == set(TRAPS)
    for venue, left in told.items():
        for phrase in sorted(TRAPS[venue], key=len, reverse=True):
            assert phrase in left, (venue, phrase)
            left = left.replace(phrase, "", 1)
        assert not re.search(r"\w", left), f"{venue}: no test is named for {left!r}"


@pytest.mark.parametrize("venue", TRAPS)
def test_the_tests_named_here_exist(venue: str) -> None:
    written = (HERE / f"test_{venue.replace('-', '_')}.py").read_text()
    for test in TRAPS[venue].values():
        assert test == NO_CODE or f"def {test}(" in written, test
