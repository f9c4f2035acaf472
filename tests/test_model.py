"""The ledger's rules, each interleaving of them: tests/model/run, check by check."""
import pathlib
import subprocess

import pytest

RUN = pathlib.Path(__file__).with_name('model') / 'run'
CHECKS = subprocess.run([RUN, '--list'], capture_output=True, text=True,
                        check=True).stdout.split()


@pytest.mark.parametrize('check', CHECKS)
def test_the_rules_hold_and_a_broken_one_is_caught(check):
    run = subprocess.run([RUN, check], capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
