# SPDX-License-Identifier: Apache-2.0
"""The sample of the configuration is what the options are."""

import pathlib
import socket

import pytest
from oslo_config import cfg, generator

import nova_xen
from nova_xen import config

ETC = pathlib.Path(nova_xen.__file__).parents[2] / "etc" / "nova-xen"
SAMPLE = ETC / "nova-xen.conf.sample"
GENERATOR = ETC / "config-generator.conf"


def generate(target: pathlib.Path) -> str:
    """The sample as oslo-config-generator makes it."""
    conf = cfg.ConfigOpts()
    generator.register_cli_opts(conf)
    arguments = ["--config-file", str(GENERATOR), "--output-file", str(target)]
    conf(args=arguments, project="oslo-config-generator")
    generator.generate(conf)
    return target.read_text("utf-8")


def test_the_sample_is_up_to_date(tmp_path: pathlib.Path) -> None:
    """``oslo-config-generator --config-file etc/nova-xen/config-generator.conf``"""
    assert SAMPLE.read_text("utf-8") == generate(tmp_path / "sample")


def test_every_option_is_in_it() -> None:
    text = SAMPLE.read_text("utf-8")
    for group, options in config.list_opts():
        assert f"\n[{group}]\n" in f"\n{text}"
        for option in options:
            assert f"\n#{option.dest} =" in text


def test_it_says_nothing_of_the_machine(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gethostname", "getfqdn"):
        monkeypatch.setattr(socket, name, lambda *_: "some-other-machine")
    text = generate(tmp_path / "sample")
    assert text == SAMPLE.read_text("utf-8")
    addresses = [word for word in text.split() if word.count(".") == 3]
    assert addresses == ["127.0.0.1"]


def test_it_can_be_read_and_changes_nothing() -> None:
    assert config.plan_options(config.load([str(SAMPLE)])) == config.plan_options(
        config.load()
    )


@pytest.mark.parametrize(
    ("group", "option"),
    [
        pytest.param(group, option, id=f"{group}.{option.dest}")
        for group, options in config.list_opts()
        for option in options
    ],
)
def test_help_is_whole_sentences(group: str, option: cfg.Opt) -> None:
    text = option.help or ""
    first, *rest = text.strip().split("\n\n")
    assert first[0].isupper()
    assert first.endswith(".")
    assert all(len(line) <= 77 for line in text.splitlines())
    for paragraph in rest:
        assert paragraph[0].isupper() or paragraph.startswith("* ")
