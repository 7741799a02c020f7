"""Synthesize audio loops in plain Python: a chord progression, a sound effect or murmured speech.

A loop is two lists of samples, left and right, at `RATE`. Every sound that passes the loop's end continues at its
start, so that the loop repeats without a click.
"""

from __future__ import annotations

import itertools
import math
import operator
from random import Random
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from soundstage_server.media.specs import AudioStyle

RATE = 22_050
"""Samples a second that are computed: half of the files' rate, at half the work."""

Stereo = tuple[list[float], list[float]]

_CYCLE = 4096
_SINE = [math.sin(math.tau * step / _CYCLE) for step in range(_CYCLE)]
_PROGRESSIONS = ((0, 7, 9, 5), (0, 9, 5, 7), (9, 5, 0, 7), (0, 5, 9, 7), (0, 4, 9, 5))
"""Roots of four chords in semitones above the key, in progressions that are common in popular music."""
_MINOR = frozenset({2, 4, 9})
_ATTACK = 90
"""Samples in which a struck note reaches its full level: 4 ms, without which it would click."""
_CHANNEL_DELAY = 173
"""Samples by which the right channel is delayed: about 8 ms, which listeners perceive as stereo width."""
_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (530, 1840, 2480),
    (570, 840, 2410),
    (300, 870, 2240),
    (440, 1020, 2240),
)
"""The three formants, in Hz, of the vowels in father, see, bed, law, boot and foot."""


def synthesize(style: AudioStyle, seed: int, samples: int) -> Stereo:
    """Return *samples* samples for each channel of *style*, at no particular level."""
    random = Random(seed)
    match style:
        case "music":
            return _music(random, samples)
        case "effect":
            return random.choice((_whoosh, _chime, _sweep))(random, samples)
        case "speech":
            return _murmur(random, samples)


def _add(bus: list[float], start: int, sound: Sequence[float]) -> None:
    """Mix *sound* into *bus* from *start* on; what passes the end of *bus* continues at its start."""
    start %= len(bus)
    here = len(bus) - start
    bus[start : start + len(sound)] = map(operator.add, bus[start:], sound)
    if len(sound) > here:
        _add(bus, 0, sound[here:])


def _widen(bus: list[float]) -> Stereo:
    shift = _CHANNEL_DELAY % len(bus)
    return bus, bus[-shift:] + bus[:-shift]


def _step(semitones: float) -> int:
    """Return how far a note moves through `_SINE` for each sample, in 256ths; 0 semitones is the A of 110 Hz.

    Integers, so that the inner loops index the table with shifts and masks alone.
    """
    return round(110 * 2 ** (semitones / 12) * _CYCLE * 256 / RATE)


def _music(random: Random, samples: int) -> Stereo:
    key, roots = random.randrange(-3, 5), random.choice(_PROGRESSIONS)
    order, length = random.sample(range(4), 4), samples // 4
    pad, sides = [0.0] * samples, ([0.0] * samples, [0.0] * samples)
    # One envelope for all notes: computing it takes about as long as a note.
    strike = _strike(length * 2 // 5)
    for number, root in enumerate(roots):
        start = number * samples // 4
        notes = [key + 12 + (root + above) % 12 for above in (0, 3 if root in _MINOR else 4, 7)]
        _add(pad, start, _chord([key + (root + 5) % 12 - 5, *notes], length))
        for beat, choice in enumerate(order):
            note = [*notes, notes[0] + 12][choice] + 12
            _add(sides[beat % 2], start + beat * length // 4, _struck(note, strike))
    return _blend(_widen(pad), sides)


def _blend(one: Stereo, other: Stereo) -> Stereo:
    left, right = (list(map(operator.add, *pair)) for pair in zip(one, other, strict=True))
    return left, right


def _chord(notes: Sequence[float], length: int) -> list[float]:
    """Return four voices that swell and fade over a little more than *length*, so that successive chords overlap."""
    a, b, c, d = map(_step, notes)
    wave, last, whole = _SINE, _CYCLE - 1, length * 5 // 4
    loudness = [0.4 * math.sin(math.pi * place / whole) for place in range(whole)]
    return [
        loud
        * (1.5 * wave[i * a >> 8 & last] + wave[i * b >> 8 & last] + wave[i * c >> 8 & last] + wave[i * d >> 8 & last])
        for i, loud in enumerate(loudness)
    ]


def _strike(length: int) -> list[float]:
    """Return the envelope of a struck note: its level at each sample."""
    fade = math.exp(-5 / max(1, length))
    levels = list(itertools.accumulate(itertools.repeat(fade, length), operator.mul))
    attack = min(_ATTACK, length)
    levels[:attack] = [level * place / _ATTACK for place, level in enumerate(levels[:attack])]
    return levels


def _struck(note: float, strike: Sequence[float]) -> list[float]:
    """Return one struck note with a soft overtone that fades sooner than the note."""
    step, wave, last = _step(note), _SINE, _CYCLE - 1
    return [
        level * (wave[i * step >> 8 & last] + 0.2 * level * wave[i * step >> 7 & last])
        for i, level in enumerate(strike)
    ]


def _noise(random: Random, samples: int) -> list[float]:
    return [(byte - 127.5) / 127.5 for byte in random.randbytes(samples)]


def _whoosh(random: Random, samples: int) -> Stereo:
    """Return filtered noise that swells and fades like something passing by, about every three seconds."""
    peak, sharp, low = random.uniform(0.35, 0.65), random.uniform(2, 5), 0.0
    length = samples // max(1, round(samples / RATE / 3))
    swells = [_swell(place / length, peak) ** sharp for place in range(length)]
    sound = []
    for sample, swell in zip(_noise(random, samples), itertools.cycle(swells), strict=False):
        # A low-pass filter that opens with the swell: what comes near sounds brighter.
        low += (0.01 + 0.4 * swell) * (sample - low)
        sound.append(low * swell)
    return _widen(sound)


def _swell(place: float, peak: float) -> float:
    """Return a curve over 0 to 1 that is 0 at both ends and 1 at *peak*."""
    return math.sin(math.pi / 2 * (place / peak if place < peak else (1 - place) / (1 - peak)))


def _chime(random: Random, samples: int) -> Stereo:
    """Return three bells, each with the inharmonic overtones of metal, louder in one channel or the other."""
    sides = ([0.0] * samples, [0.0] * samples)
    strike = _strike(samples // 2)
    for number in range(3):
        note = random.choice((24, 26, 29, 31, 33, 36))
        bell = [0.0] * len(strike)
        for overtone, loudness in ((0, 1.0), (17.2, 0.45), (28.9, 0.2)):
            _add(bell, 0, [loudness * sample for sample in _struck(note + overtone, strike)])
        start, near = samples * number // 3 + random.randrange(max(1, samples // 8)), random.randrange(2)
        _add(sides[near], start, bell)
        _add(sides[1 - near], start + _CHANNEL_DELAY, [0.6 * sample for sample in bell])
    return sides


def _sweep(random: Random, samples: int) -> Stereo:
    """Return a tone that glides up and back again, with vibrato."""
    low, span, vibrato = random.uniform(90, 220), random.uniform(1.5, 3), random.uniform(5, 11)
    angle, sound = 0.0, []
    for place in range(samples):
        swell = math.sin(math.pi * place / samples)
        # The angle is summed: frequency times place would jump wherever the frequency changes.
        angle += low * 2 ** (span * swell) * (1 + 0.02 * math.sin(math.tau * vibrato * place / RATE)) * _CYCLE / RATE
        sound.append(swell * (_SINE[int(angle) % _CYCLE] + 0.3 * _SINE[int(2 * angle) % _CYCLE]))
    return _widen(sound)


def _murmur(random: Random, samples: int) -> Stereo:
    """Return syllables of one voice in words and phrases: it has the rhythm of speech and no meaning."""
    voice = random.uniform(95, 210)
    # Each vowel is computed once and read at the pitch of a syllable. Its formants move with the pitch, which speech
    # without meaning allows; 25 sines for every sample would take many times as long.
    vowels = [_vowel(formants) for formants in _VOWELS]
    bus, place, left = [0.0] * samples, 0, random.randint(2, 4)
    while not place or place < samples - RATE // 4:
        length = round(RATE * random.uniform(0.11, 0.22))
        # The melody has the period of the loop, so that the pitch does not jump where it repeats.
        tune = voice * (1 + 0.12 * math.cos(math.tau * place / samples) + random.uniform(-0.05, 0.05))
        if random.random() < 0.5:  # noqa: PLR2004 - half of the syllables begin with a hiss
            _add(bus, place, _hiss(random, RATE // 25))
        _add(bus, place + RATE // 40, _syllable(random.choice(vowels), tune, length))
        left -= 1
        place += length + (0 if left else round(RATE * random.uniform(0.08, 0.35)))
        left = left or random.randint(1, 4)
    return _widen(bus)


def _vowel(formants: tuple[int, ...]) -> list[float]:
    """Return one cycle of a voice of about 130 Hz whose overtones near the *formants* are amplified."""
    strengths = [(k, sum(1 / (1 + ((130 * k - f) / 90) ** 2) for f in formants) / k**0.5) for k in range(1, 26)]
    return [sum(s * _SINE[k * step * 8 % _CYCLE] for k, s in strengths) for step in range(_CYCLE // 8)]


def _syllable(vowel: Sequence[float], tune: float, length: int) -> list[float]:
    """Return *vowel* at *tune* Hz, with falling pitch, a fade in and a fade out."""
    size, angle, sound = len(vowel), 0.0, []
    for place in range(length):
        angle += tune * (1 - 0.12 * place / length) * size / RATE
        sound.append(vowel[int(angle) % size] * min(1.0, place / 300, (length - place) / 700))
    return sound


def _hiss(random: Random, length: int) -> list[float]:
    noise = _noise(random, length + 1)
    # The difference of neighbors removes the low tones of the noise, which a hiss does not have.
    return [0.5 * math.sin(math.pi * i / length) * (noise[i + 1] - noise[i]) for i in range(length)]
