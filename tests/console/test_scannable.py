"""The code to scan: its path has every dark module, and no other."""

import re

import segno

from service.console import scannable

ADDRESS = "otpauth://totp/gatepost.example.org:mira%40example.org?secret=ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"


def test_the_path_draws_each_dark_module_with_a_quiet_zone_around() -> None:
    drawing = scannable.draw(ADDRESS)

    drawn = set()
    for x, y, length, back in re.findall(r"M(\d+) (\d+)h(\d+)v1h-(\d+)z", drawing.path):
        assert length == back
        drawn |= {(int(x) + module, int(y)) for module in range(int(length))}
    matrix = segno.make(ADDRESS, micro=False).matrix
    assert drawn == {(x + 4, y + 4) for y, row in enumerate(matrix) for x, dark in enumerate(row) if dark}
    assert drawing.width == len(matrix) + 8
