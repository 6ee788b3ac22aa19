# SPDX-License-Identifier: MIT
"""The help, the manual page, completion and the words for what is mistyped."""

import os
import re
import subprocess

import pytest


def sluice(*args):
    return subprocess.run([os.environ["SLUICE_BINARY"], *args], capture_output=True, text=True, timeout=60)


def commands():
    listed = sluice("--help").stdout.split("Subcommands:\n")[1]
    return re.findall(r"^  (\w+) ", listed, re.MULTILINE)


def test_help_of_the_program_and_of_each_command():
    assert {"serve", "upload", "fsck", "help", "version", "completion"} <= set(commands())
    assert sluice("help").stdout == sluice("--help").stdout
    for command in commands():
        done = sluice("help", command)
        assert done.returncode == 0
        assert done.stdout == sluice(command, "--help").stdout
    assert sluice("help", "frobnicate").returncode == 2


def test_version():
    assert sluice("version").stdout == sluice("--version").stdout
    assert re.fullmatch(r"sluice \d+\.\d+\.\d+\n", sluice("version").stdout)


@pytest.mark.parametrize("args, meant", [
    (["uplaod", "a"], "there is no command uplaod; did you mean upload?"),
    (["serve", "--lisen", ":80"], "there is no option --lisen; did you mean --listen?"),
    (["upload", "a", "--too", "http://b"], "there is no option --too; did you mean --to?"),
    (["credentials", "--file", "f", "ad"], "there is no command credentials ad; did you mean add?")])
def test_what_is_mistyped_is_named(args, meant):
    done = sluice(*args)
    assert done.returncode == 2
    assert f"sluice: {meant}\n" in done.stderr
    assert done.stdout == ""


def test_the_manual_page_has_every_option_and_is_sound():
    page = sluice("manual").stdout
    for command in commands():
        for option in re.findall(r"^  (?:-\w,)?(--[\w-]+)", sluice(command, "--help").stdout, re.MULTILINE):
            assert option.replace("-", "\\-") in page, (command, option)
    warned = subprocess.run(["groff", "-man", "-Tutf8", "-ww", "-z"], input=page, capture_output=True, text=True, timeout=60)
    assert (warned.returncode, warned.stderr) == (0, "")


@pytest.mark.parametrize("line, offered", [
    ("sluice cre", {"credentials"}), ("sluice upload --re", {"--recursive", "--retries"}), ("sluice credentials a", {"add"}),
    ("sluice credentials add --o", {"--owner"}), ("sluice serve --lis", {"--listen"}), ("sluice upload fil", set()),
    ("sluice upload --quiet --js", {"--json"})])
def test_bash_completes(line, offered):
    words = line.split(" ")
    script = ('source <("$SLUICE_BINARY" completion bash); COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; '
              'printf "%s\\n" "${COMPREPLY[@]}"')
    done = subprocess.run(["bash", "-c", script, "bash", *words], capture_output=True, text=True, timeout=60)
    assert done.stderr == ""
    assert set(done.stdout.split()) == offered


def test_zsh_can_read_its_script():
    script = sluice("completion", "zsh").stdout
    assert "--api-key-file" in script
    subprocess.run(["zsh", "-n"], input=script, text=True, check=True, timeout=60)
    loaded = subprocess.run(["zsh", "-f", "-c", "autoload -U compinit && compinit -D; source /dev/stdin && "
                             "print $_comps[sluice]"], input=script, capture_output=True, text=True, timeout=60)
    assert (loaded.stdout, loaded.stderr) == ("_sluice\n", "")
