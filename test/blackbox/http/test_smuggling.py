# SPDX-License-Identifier: MIT
"""Framing that two parsers could read in two ways is refused, and the connection ends with it (RFC 9112 6.3, 11.2)."""

import pytest

from support.raw_http import BadResponse, Connection, ConnectionClosed, path_of

# Were the rest of a refused request read as a request, this one would be answered.
NEXT = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST /videos/upload.json HTTP/1.1\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
H = b"Host: localhost\r\n"

CASES = {
    "length_and_chunked": (POST + H + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
    "chunked_and_length": (POST + H + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", (400,)),
    "two_lengths_that_differ": (POST + H + b"Content-Length: 5\r\nContent-Length: 6\r\n\r\nabcde", (400,)),
    "two_equal_lengths": (POST + H + b"Content-Length: 5\r\nContent-Length: 5\r\n\r\nabcde", (400,)),
    "length_list": (POST + H + b"Content-Length: 5, 5\r\n\r\nabcde", (400,)),
    "length_with_plus": (POST + H + b"Content-Length: +5\r\n\r\nabcde", (400,)),
    "length_with_minus": (POST + H + b"Content-Length: -5\r\n\r\nabcde", (400,)),
    "length_hexadecimal": (POST + H + b"Content-Length: 0x5\r\n\r\nabcde", (400,)),
    "length_empty": (POST + H + b"Content-Length: \r\n\r\n", (400,)),
    "length_of_20_digits": (POST + H + b"Content-Length: 99999999999999999999\r\n\r\n", (400, 413)),
    "length_overflow": (POST + H + b"Content-Length: 18446744073709551621\r\n\r\nabcde", (400, 413)),
    "space_before_colon": (POST + H + b"Content-Length : 5\r\n\r\nabcde", (400,)),
    "space_before_coding_colon": (POST + H + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n", (400,)),
    "gzip_and_length": (POST + H + b"Transfer-Encoding: gzip\r\nContent-Length: 5\r\n\r\nabcde", (400, 501)),
    "xchunked_and_length": (POST + H + b"Transfer-Encoding: xchunked\r\nContent-Length: 5\r\n\r\nabcde", (400, 501)),
    "gzip_alone": (POST + H + b"Transfer-Encoding: gzip\r\n\r\n", (400, 501)),
    "chunked_then_identity": (POST + H + b"Transfer-Encoding: chunked, identity\r\n\r\n", (400, 501)),
    "gzip_then_chunked": (POST + H + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunked_twice": (POST + H + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "two_codings": (POST + H + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunked_quoted": (POST + H + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n', (400, 501)),
    "chunked_after_vertical_tab": (POST + H + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "chunked_on_1_0": (b"POST /videos/upload.json HTTP/1.0\r\n" + H + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", (400,)),
    "no_host": (b"GET /healthz HTTP/1.1\r\n\r\n", (400,)),
    "two_hosts": (b"GET /healthz HTTP/1.1\r\n" + H + b"Host: b\r\n\r\n", (400,)),
    "folded_line": (b"GET /healthz HTTP/1.1\r\n" + H + b"X: a\r\n b\r\n\r\n", (400,)),
    "folded_length": (POST + H + b"Content-Length:\r\n 5\r\n\r\nabcde", (400,)),
    "bare_line_feeds": (b"GET /healthz HTTP/1.1\nHost: a\n\n", (400,)),
    "one_bare_line_feed": (b"GET /healthz HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", (400,)),
    "bare_carriage_return": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: y\rContent-Length: 5\r\n\r\n", (400,)),
    "nul_in_a_value": (b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: a\x00b\r\n\r\n", (400,)),
    "nul_in_the_target": (b"GET /heal\x00thz HTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "utf8_in_the_target": (b"GET /\xe2\x99\xa5 HTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "space_in_the_target": (b"GET /a b HTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "no_field_name": (b"GET /healthz HTTP/1.1\r\n" + H + b": a\r\n\r\n", (400,)),
    "no_colon": (b"GET /healthz HTTP/1.1\r\n" + H + b"nonsense\r\n\r\n", (400,)),
    "no_version": (b"GET /healthz\r\n" + H + b"\r\n", (400, 505)),
    "unknown_version": (b"GET /healthz HTTP/3.7\r\n" + H + b"\r\n", (400, 505)),
    "http_2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 505)),
    "not_http": (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", (400,)),
    "head_too_large": (b"GET /healthz HTTP/1.1\r\n" + H + b"X: " + b"a" * 40_000 + b"\r\n\r\n", (431,)),
    "too_many_fields": (b"GET /healthz HTTP/1.1\r\n" + H + b"X: a\r\n" * 1000 + b"\r\n", (431,)),
    "target_too_long": (b"GET /" + b"a" * 12_000 + b" HTTP/1.1\r\n" + H + b"\r\n", (414,)),
    "tab_before_colon": (POST + H + b"Content-Length\t: 5\r\n\r\nabcde", (400,)),
    "length_with_underscore_beside_coding": (
        POST + H + b"Content_Length: 5\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        (400,),
    ),
    "length_between_signs": (POST + H + b"Content-Length: 5 5\r\n\r\nabcde", (400,)),
    "length_decimal_point": (POST + H + b"Content-Length: 5.0\r\n\r\nabcde", (400,)),
    "length_in_other_digits": (POST + H + "Content-Length: \uff15\r\n\r\nabcde".encode(), (400,)),
    "coding_ends_with_comma": (POST + H + b"Transfer-Encoding: chunked,\r\n\r\n0\r\n\r\n", (400, 501)),
    "coding_begins_with_comma": (POST + H + b"Transfer-Encoding: ,chunked\r\n\r\n0\r\n\r\n", (400, 501)),
    "coding_with_parameter": (POST + H + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n", (400, 501)),
    "coding_empty": (POST + H + b"Transfer-Encoding:\r\nContent-Length: 5\r\n\r\nabcde", (400, 501)),
    "coding_folded": (POST + H + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", (400,)),
    "coding_with_nul": (POST + H + b"Transfer-Encoding: chunked\x00\r\n\r\n0\r\n\r\n", (400, 501)),
    "field_before_the_first": (b"GET /healthz HTTP/1.1\r\n X: a\r\n" + H + b"\r\n", (400,)),
    "name_with_space": (b"GET /healthz HTTP/1.1\r\n" + H + b"X Y: a\r\n\r\n", (400,)),
    "name_with_nul": (b"GET /healthz HTTP/1.1\r\n" + H + b"X\x00: a\r\n\r\n", (400,)),
    "name_not_ascii": (b"GET /healthz HTTP/1.1\r\n" + H + b"X\xe9: a\r\n\r\n", (400,)),
    "host_with_path": (b"GET /healthz HTTP/1.1\r\nHost: a/b\r\n\r\n", (400,)),
    "host_with_user": (b"GET /healthz HTTP/1.1\r\nHost: u@a\r\n\r\n", (400,)),
    "host_list": (b"GET /healthz HTTP/1.1\r\nHost: a, b\r\n\r\n", (400,)),
    "version_lower_case": (b"GET /healthz http/1.1\r\n" + H + b"\r\n", (400, 505)),
    "version_with_more_digits": (b"GET /healthz HTTP/1.10\r\n" + H + b"\r\n", (400, 505)),
    "two_spaces_in_the_request_line": (b"GET  /healthz HTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "tab_in_the_request_line": (b"GET\t/healthz\tHTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "space_behind_the_version": (b"GET /healthz HTTP/1.1 \r\n" + H + b"\r\n", (400, 505)),
    "method_with_a_bad_character": (b"GE@T /healthz HTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "fragment_in_the_target": (b"GET /healthz#a HTTP/1.1\r\n" + H + b"\r\n", (400,)),
    "authority_as_target": (b"CONNECT a:80 HTTP/1.1\r\n" + H + b"\r\n", (400, 405, 501)),
    "get_with_chunked_and_length": (
        b"GET /healthz HTTP/1.1\r\n" + H + b"Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        (400,),
    ),
}

CHUNKS = {
    "size_overflow": b"10000000000000005\r\nabcde\r\n0\r\n\r\n",
    "size_of_1000_digits": b"0" * 999 + b"5\r\nabcde\r\n0\r\n\r\n",
    "size_with_plus": b"+5\r\nabcde\r\n0\r\n\r\n",
    "size_with_minus": b"-5\r\nabcde\r\n0\r\n\r\n",
    "size_with_0x": b"0x5\r\nabcde\r\n0\r\n\r\n",
    "size_with_space_behind": b"5 \r\nabcde\r\n0\r\n\r\n",
    "size_with_tab_behind": b"5\t\r\nabcde\r\n0\r\n\r\n",
    "size_with_underscore": b"0_5\r\nabcde\r\n0\r\n\r\n",
    "size_with_other_letters": b"5g\r\nabcde\r\n0\r\n\r\n",
    "size_line_with_bare_carriage_return": b"5\rX\r\nabcde\r\n0\r\n\r\n",
    "nul_in_extension": b"5;a\x00b\r\nabcde\r\n0\r\n\r\n",
    "size_missing": b"\r\nabcde\r\n0\r\n\r\n",
    "size_with_space_before": b" 5\r\nabcde\r\n0\r\n\r\n",
    "size_line_ends_with_line_feed": b"5\nabcde\r\n0\r\n\r\n",
    "data_longer_than_size": b"5\r\nabcdefgh\r\n0\r\n\r\n",
    "data_without_its_end": b"5\r\nabcde0\r\n\r\n",
    "data_ends_with_line_feed": b"5\r\nabcde\n0\r\n\r\n",
    "extension_too_long": b"5;" + b"x" * (1 << 20) + b"\r\nabcde\r\n0\r\n\r\n",
    "bare_line_feed_in_extension": b"5;a\nb\r\nabcde\r\n0\r\n\r\n",
    "trailers_too_long": b"5\r\nabcde\r\n0\r\n" + b"X: y\r\n" * 50_000 + b"\r\n",
}


def send_all(connection, data):
    """The server may refuse and close before it has read everything."""
    try:
        connection.send(data)
    except OSError:
        pass


def assert_refused_and_closed(connection, statuses):
    response = connection.read_final()
    assert response.status in statuses, response
    assert set(response.json()) >= {"error", "message"}
    assert response.closes, response
    connection.expect_close()


@pytest.mark.parametrize("case", CASES)
def test_head_is_refused_and_the_connection_closed(connect, case):
    data, statuses = CASES[case]
    connection = connect()
    send_all(connection, data + NEXT)
    assert_refused_and_closed(connection, statuses)


@pytest.mark.parametrize("case", CASES)
def test_head_in_two_halves_is_refused_and_the_connection_closed(connect, case):
    data, statuses = CASES[case]
    connection = connect()
    send_all(connection, data[: len(data) // 2])
    send_all(connection, data[len(data) // 2 :] + NEXT)
    assert_refused_and_closed(connection, statuses)


@pytest.mark.parametrize("case", CHUNKS)
def test_chunks_are_refused_and_the_connection_closed(connect, case):
    connection = connect()
    send_all(connection, POST + H + FORM + b"Transfer-Encoding: chunked\r\n\r\n" + CHUNKS[case] + NEXT)
    assert_refused_and_closed(connection, (400, 413, 431))


@pytest.mark.parametrize("case", CHUNKS)
def test_bad_chunks_of_a_piece_never_finish_it(connect, client, case):
    location = client.create(5)
    connection = connect()
    head = [("Host", "localhost"), ("Content-Type", "application/octet-stream"), ("Transfer-Encoding", "chunked")]
    send_all(connection, Connection.head("PUT", path_of(location), head) + CHUNKS[case] + NEXT)
    try:
        response = connection.read_final()
        assert response.status in (200, 400, 413, 431), response
        if response.status == 200:
            # All five bytes were there and only the bytes behind them were wrong, so the connection must end.
            assert case in ("trailers_too_long", "data_without_its_end", "data_longer_than_size",
                            "data_ends_with_line_feed")
        assert response.closes
        connection.expect_close()
    except (BadResponse, ConnectionClosed) as error:
        pytest.fail(f"no clean refusal: {error}")


def test_trailer_never_becomes_a_field(connect, client):
    location = client.create(9)
    connection = connect()
    head = [("Host", connection.host), ("Content-Type", "application/octet-stream"), ("Transfer-Encoding", "chunked")]
    body = b"9\r\nabcdefghi\r\n0\r\nContent-Range: bytes 4-8/9\r\nContent-Length: 100\r\n\r\n"
    connection.send(Connection.head("PUT", path_of(location), head) + body)
    assert connection.read_final().status == 200
    assert connection.request("GET", "/healthz").status == 200


def test_valid_framing_next_to_the_refused_one(connect):
    """Valid framing of the same kinds is taken: the table's requests are refused for their faults."""
    connection = connect()
    connection.send(POST + H + FORM + b"Content-Length: 30\r\n\r\nfile_size=9&file_name=clip.mp4")
    assert connection.read_final().status == 201
    connection.send(POST + H + FORM + b"Transfer-Encoding: Chunked\r\n\r\n1e\r\nfile_size=9&file_name=clip.mp4\r\n0\r\n\r\n")
    assert connection.read_final().status == 201
    connection.send(NEXT)
    assert connection.read_final().status == 200
