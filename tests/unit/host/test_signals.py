"""What signals do to a job."""

from __future__ import annotations

import os
import signal

import pytest

from yololab.errors import InterruptedRunError
from yololab.host.signals import StopSignal, interrupted_by_signals


def send(number: signal.Signals) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_first_signal_waits_for_the_batch(number):
    stop = StopSignal()
    reached = False
    with pytest.raises(InterruptedRunError), stop.listening(), stop.waiting_for_batch():
        send(number)
        assert stop()
        reached = True
    assert reached


def test_the_second_signal_stops_at_once():
    stop = StopSignal()
    with pytest.raises(KeyboardInterrupt), stop.listening(), stop.waiting_for_batch():
        send(signal.SIGINT)
        send(signal.SIGINT)
        pytest.fail("the second signal was ignored")


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2])
def test_a_notice_of_a_cluster_may_come_again(number):
    """It reaches the body from the cluster and from the engine, beside the SIGTERM of a cancelled job."""
    stop = StopSignal()
    reached = False
    with pytest.raises(InterruptedRunError), stop.listening(), stop.waiting_for_batch():
        for again in (number, number, signal.SIGTERM, number):
            send(again)
        assert stop()
        reached = True
    assert reached
    with pytest.raises(KeyboardInterrupt), stop.listening(), stop.waiting_for_batch():
        send(signal.SIGTERM)
        pytest.fail("the second SIGTERM was ignored")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_outside_of_a_training_a_signal_stops_at_once(number):
    stop = StopSignal()
    with pytest.raises(KeyboardInterrupt), stop.listening():
        send(number)
        pytest.fail("the signal was ignored")
    assert stop.requested


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_waits_until_what_must_not_be_torn_apart_is_whole(number):
    stop, reached = StopSignal(), []
    with stop.listening():
        stop.hold()
        send(number)
        reached.append("recorded")
        assert stop.requested
        with pytest.raises(KeyboardInterrupt):
            stop.release()
        stop.hold()
        stop.release()  # none came in this one
    assert reached == ["recorded"]


def test_the_closing_of_the_terminal_stops_unless_nohup_has_it_ignored():
    with pytest.raises(KeyboardInterrupt), StopSignal().listening():
        send(signal.SIGHUP)
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopSignal().listening(), interrupted_by_signals():
            send(signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_command_without_a_run_is_interrupted_too(number):
    with pytest.raises(KeyboardInterrupt), interrupted_by_signals():
        send(number)
        pytest.fail("the signal was ignored")


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopSignal().listening():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
