# SPDX-License-Identifier: MIT
"""Small real videos, made by ffmpeg."""

import subprocess


def _ffmpeg(path, *output):
    command = ["ffmpeg", "-hide_banner", "-loglevel", "error", "-nostdin", "-y"]
    command += ["-f", "lavfi", "-i", "testsrc2=size=320x240:rate=25:duration=2"]
    command += ["-f", "lavfi", "-i", "sine=frequency=440:sample_rate=44100:duration=2"]
    subprocess.run([*command, *output, str(path)], check=True, timeout=120)
    return path


def make_mp4(path, faststart=True):
    """H.264 and AAC, 320x240, 25 frames a second, 2 s, one channel of 44.1 kHz."""
    flags = ["-movflags", "+faststart"] if faststart else []
    codecs = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", "-b:a", "96k"]
    return _ffmpeg(path, *codecs, "-ac", "1", *flags, "-f", "mp4")


def make_webm(path):
    """VP8 and Vorbis, otherwise as the MP4."""
    codecs = ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "500k", "-c:a", "libvorbis"]
    return _ffmpeg(path, *codecs, "-ac", "1", "-f", "webm")
