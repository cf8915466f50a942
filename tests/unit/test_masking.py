"""What is shown gives no secret away and steers no terminal, and nothing else of it changes."""

from __future__ import annotations

import doctest

import pytest
from hypothesis import given
from hypothesis import strategies as st

import yololab.masking
from yololab.masking import mask_secrets, shown


def test_the_examples_are_true():
    assert doctest.testmod(yololab.masking).failed == 0


@pytest.mark.parametrize("text", ["plain", "猫 straße", "👩\u200d🚀"])
def test_what_is_read_stays(text):
    assert shown(text) == text


@given(st.text())
def test_whatever_is_shown_steers_nothing_and_stays_as_it_is_when_shown_again(text):
    once = shown(text)
    assert not any(letter in once for letter in "\x1b\x9b\r\x07\u202e")
    assert shown(once) == once


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql+psycopg2://me:pw@host:5432/db", "postgresql+psycopg2://me:***@host:5432/db"),
        ("mysql://me:p@ss@host/db?x=a@b", "mysql://me:***@host/db?x=a@b"),
        ("redis://:pw@host/0", "redis://:***@host/0"),
        ("https://host/x.zip?sig=abc&v=1&access_token=def", "https://host/x.zip?sig=***&v=1&access_token=***"),
        ("data=free+https%3A%2F%2Fme%3Apw%40host%2Fx.zip", "data=free+https%3A%2F%2Fme%3A***%40host%2Fx.zip"),
        ("http://host:8080/a@2x.png", "http://host:8080/a@2x.png"),
        ("sqlite:////tmp/study.db", "sqlite:////tmp/study.db"),
        ("ssh://git@host/repository", "ssh://git@host/repository"),
        ("/data/token=a/images", "/data/token=a/images"),
    ],
)
def test_a_password_in_a_url_is_masked_and_nothing_else_of_it(url, masked):
    assert mask_secrets(url) == masked
    assert mask_secrets({"storage": [url]}) == {"storage": [masked]}
    assert mask_secrets(masked) == masked


SECRET_KEYS = "password DB_PASSWD PGPASSWORD secret hf_token WANDB_API_KEY apikey dbPassword accessToken private-key"
SECRET_KEYS += " AWS_SECRET_ACCESS_KEY hydra.job.env_set.COMET_API_KEY authorization"


@pytest.mark.parametrize("key", SECRET_KEYS.split())
def test_a_secret_is_known_by_its_key(key):
    assert mask_secrets({key: "abc", "n": 1}) == {key: "***", "n": 1}
    assert mask_secrets({key: {"a": ["abc", 12, None]}}) == {key: {"a": ["***", "***", None]}}
    assert mask_secrets([f"{key}=abc", "epochs=3"]) == [f"{key}=***", "epochs=3"]
    for text in (f"{key}=abc", f"{key}: abc", f'"{key}": "a abc"', f"{{{key}: 'abc'}}", f"--{key}=abc x"):
        assert "abc" not in shown(text)


def test_what_only_looks_like_a_secret_stays():
    content = {"tokens": 5, "tokenizer": "bpe", "author": "me", "keys": ["a"], "patience": 3, "passed": "yes"}
    assert mask_secrets(content) == content
    assert mask_secrets({"token": {"AP50": 0.5}}, by_key=False) == {"token": {"AP50": 0.5}}
    assert mask_secrets({"password": None, "secret": "", "token": False}) == {
        "password": None,
        "secret": "",
        "token": False,
    }


def test_no_text_takes_long_to_mask():
    shown("a.password" * 5000 + "://" * 5000 + "x:" * 5000 + "?a=" * 5000)


def test_a_secret_in_prose_is_masked_and_a_path_stays():
    assert mask_secrets({"notes": ["my password=abc and token: def"]}) == {"notes": ["my password=*** and token: ***"]}
    assert mask_secrets("notes='the key is api_key=abc'") == "notes='the key is api_key=***'"
    assert mask_secrets("data=/data/token=a/images") == "data=/data/token=a/images"
