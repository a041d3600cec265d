"""The soak in short, and its arithmetic."""

import pytest
from pbx.bench import AsteriskPbx

from soak.soak import Plan, soak
from soak.values import Found, Sample, fitted, percentile


@pytest.mark.pbx
@pytest.mark.timeout(120)
async def test_twelve_calls_a_full_house_and_two_cuts_leave_no_failure_descriptor_thread_or_channel(
    fresh_pbx: AsteriskPbx, tmp_path
):
    found = await soak(fresh_pbx, Plan(calls=12, cuts=2, hasten_cuts=True), tmp_path)
    assert found.calls == 12
    assert not found.failures
    assert not found.left
    assert not found.channels_left
    assert [cut.reached is not None for cut in found.cuts] == [True, True]
    assert found.held is not None
    assert found.held.held >= 4


def test_steady_growth_is_told_in_percent_of_where_it_began():
    growth = fitted([100.0, 101.0, 102.0, 103.0, 104.0])
    assert (growth.begin_mb, growth.end_mb, growth.percent) == pytest.approx((100, 104, 4))


def test_a_single_outlier_in_the_middle_is_no_growth():
    assert fitted([100.0, 100.0, 160.0, 100.0, 100.0]).percent == pytest.approx(0)


def test_growth_during_warm_up_does_not_count():
    found = Found(samples={"app": [_sample(value) for value in (50, 80, *[100] * 8)]})
    assert found.growth("app", "uss_mb").percent == 0


def test_descriptors_and_threads_beyond_those_of_the_warm_process_are_left():
    found = Found(warm={"app": _sample(100)}, after={"app": _sample(100, files=23, threads=6)})
    assert found.left == ["3 files of the app process", "1 threads of the app process"]
    assert not found.well


def test_the_percentile_is_a_time_that_was_measured():
    assert percentile([float(value) for value in range(1, 101)], 95) == 95
    assert percentile([2.0], 95) == 2.0


def _sample(megabytes: float, *, files: int = 20, threads: int = 5) -> Sample:
    return Sample(pss_mb=megabytes, uss_mb=megabytes, files=files, threads=threads)
