from wmdelays.words import metric, printable, signed


def test_plain_text_stays():
    assert printable("µ/σ, naïve 神経 (a) [b] $x$") == "µ/σ, naïve 神経 (a) [b] $x$"


def test_what_steers_a_terminal_is_written_out():
    assert printable("\x1b[31mred\r\n\x07") == "\\x1b[31mred\\r\\n\\x07"


def test_names_that_are_not_utf8_can_be_printed():
    name = b"caf\xe9.csv".decode("utf-8", "surrogateescape")
    assert printable(name) == "caf\\udce9.csv"
    printable(name).encode("utf-8")


def test_anything_can_be_shown():
    assert printable(3.5) == "3.5"


def test_numbers_with_a_sign_have_none_for_nought():
    assert [signed(one) for one in (0.1234, -3.0, 0.0, -1e-9, float("nan"))] == [
        *("+0.123", "-3", "0", "0", "–")
    ]


def test_quantities_have_the_prefix_of_their_size():
    shown = {0: "0 J", 2310: "2,310 J", 0.24: "240 mJ", 3.7149e-5: "37.1 µJ", 9.999e-4: "1 mJ"}
    assert [metric(value, "J") for value in shown] == list(shown.values())
