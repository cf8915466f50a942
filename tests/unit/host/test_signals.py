"""What signals do to a job."""

from __future__ import annotations

import os
import signal

import pytest

from yololab.errors import InterruptedRunError
from yololab.host.signals import StopSignal


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


def test_ctrl_c_at_a_prompt_is_no_request_to_stop():
    stop = StopSignal()
    with stop.listening():
        with pytest.raises(KeyboardInterrupt), stop.at_prompt():
            send(signal.SIGINT)
        assert not stop.requested


def test_handlers_are_given_back():
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with StopSignal().listening():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
