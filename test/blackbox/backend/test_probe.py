# SPDX-License-Identifier: MIT
"""The findings of the probe in real and in broken files."""

import subprocess

import pytest

from support import media
from support.waiting import wait_until


def upload(client, data, name):
    response = client.whole(client.create(len(data), name), data)
    assert response.status == 200, response
    return response.json()


def assert_no_video(video):
    assert video["status"] == "fail"
    assert video["error_class"] == "FormatNotRecognised"
    assert video["error_message"]
    assert "error" not in video


def test_mp4(client, mp4):
    video = upload(client, mp4, "real.mp4")
    assert video["status"] == "success"
    assert (video["width"], video["height"]) == (320, 240)
    assert 1900 <= video["duration"] <= 2200
    assert video["fps"] == pytest.approx(25, abs=0.1)
    assert (video["video_codec"], video["audio_codec"]) == ("h264", "aac")
    assert (video["audio_channels"], video["audio_sample_rate"]) == (1, 44100)
    assert video["file_size"] == len(mp4)
    assert video["video_bitrate"] > 0 and video["audio_bitrate"] > 0
    assert "error_class" not in video


def test_mp4_with_its_index_at_the_end(client, tmp_path):
    data = media.make_mp4(tmp_path / "late.mp4", faststart=False).read_bytes()
    video = upload(client, data, "late.mp4")
    assert (video["status"], video["width"], video["height"]) == ("success", 320, 240)


def test_webm(client, webm):
    video = upload(client, webm, "real.webm")
    assert video["status"] == "success"
    assert (video["width"], video["height"]) == (320, 240)
    assert (video["video_codec"], video["audio_codec"]) == ("vp8", "vorbis")
    assert 1900 <= video["duration"] <= 2200
    assert video["extname"] == ".webm"


def test_truncated_mp4(client, tmp_path):
    data = media.make_mp4(tmp_path / "late.mp4", faststart=False).read_bytes()
    assert_no_video(upload(client, data[: len(data) // 2], "truncated.mp4"))


def test_random_bytes(client, noise):
    assert_no_video(upload(client, noise(200_000), "random.mp4"))


def test_empty_file(client):
    assert_no_video(upload(client, b"", "empty.mp4"))


def test_text(client):
    assert_no_video(upload(client, b"once upon a time\n" * 1000, "story.mp4"))


def test_playlist_opens_no_other_file(client):
    playlist = b"#EXTM3U\n#EXT-X-VERSION:3\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n/etc/passwd\n#EXT-X-ENDLIST\n"
    assert_no_video(upload(client, playlist, "list.m3u8"))
    assert_no_video(upload(client, b"ffconcat version 1.0\nfile '/etc/hostname'\n", "list.ffconcat"))


def test_sound_alone(client, tmp_path):
    path = tmp_path / "sound.m4a"
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-f", "lavfi", "-i", "sine=duration=1"]
    subprocess.run([*command, "-c:a", "aac", "-f", "mp4", str(path)], check=True, timeout=60)
    video = upload(client, path.read_bytes(), "sound.m4a")
    assert video["width"] == 0 and video["height"] == 0
    assert video["audio_codec"] == "aac"


def test_server_outlives_damaged_files(client, server, mp4, noise):
    """Every kind of damage gives an answer, and the server does not notice."""
    for index, cut in enumerate(range(0, len(mp4), max(1, len(mp4) // 12))):
        damaged = mp4[:cut] + noise(200) + mp4[cut + 200 :]
        assert upload(client, damaged, f"damaged{index}.mp4")["status"] in ("success", "fail")
    assert server.running


def test_no_probe_stays_behind(client, server, mp4):
    upload(client, mp4, "real.mp4")

    def children():
        with open(f"/proc/{server.pid}/task/{server.pid}/children", encoding="ascii") as file:
            return file.read().split()

    wait_until(lambda: not children(), lambda: f"children {children()}")


def test_without_a_probe_every_file_is_a_video(new_server, connected):
    video = upload(connected(new_server(env={"SLUICE_VIDEO_PROBE": "off"})), b"no video at all", "notes.txt")
    assert video["status"] == "success"
    assert video["file_size"] == 15
    assert video["video_codec"] is None
