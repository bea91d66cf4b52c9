"""The loads."""

from dataclasses import dataclass, replace

TOKENS_PER_SECOND = 50
INTERVAL_US = 1_000_000 // TOKENS_PER_SECOND
SETTLE_MS = 500


@dataclass(frozen=True)
class Scenario:
    name: str
    what: str
    streams: int
    # What the upstream is asked for, as part of the model's name.
    tokens: int
    interval_us: int
    ramp_ms: int = 0
    requests: int = 1
    window: str = "all"
    # What is measured, and how: measure.MEASURES.
    measure: str = "time"
    window_s: float = 0
    # The time to the first token says something here: there are enough of
    # them, and they do not stand in a queue behind others' tokens.
    first_token: bool = True

    @property
    def model(self):
        if self.measure == "waiting":
            return "bench-hang"
        return f"bench-{self.tokens}-{self.interval_us}-0"

    @property
    def deadline_s(self):
        """Three times as long as it takes when everything keeps up; a slow
        server may take a hundredth of a second to accept each stream."""
        answer_s = self.requests * self.tokens * self.interval_us / 1e6
        return int(20 + 3 * (answer_s + self.ramp_ms / 1000)
                   + self.streams / 100)

    @property
    def latest_opening_s(self):
        """Of the steady window, however few streams have begun."""
        return int(10 + 3 * self.ramp_ms / 1000)


def paced(name, streams, seconds):
    """Streams at a chat's pace, measured while all of them run."""
    ramp_ms = max(100, streams * 2)
    run_s = seconds + (ramp_ms + SETTLE_MS) / 1000
    count = f"{streams:,} streams" if streams > 1 else "1 stream"
    return Scenario(
        name, f"{count}, {TOKENS_PER_SECOND} tokens/s each",
        streams, int(run_s * TOKENS_PER_SECOND), INTERVAL_US, ramp_ms=ramp_ms,
        window="steady", first_token=streams > 1)


def many_readers(name, readers, seconds):
    """One stream; long enough for both windows and for all to come."""
    run_s = 2 * seconds + readers / 200 + 10
    return Scenario(name, f"{readers:,} readers of one stream", readers,
                    int(run_s * TOKENS_PER_SECOND), INTERVAL_US,
                    measure="readers", window_s=seconds)


def scenarios(seconds, quick):
    waiting = 1_000 if quick else 5_000
    return {each.name: each for each in [
        Scenario("first", "requests one after the other on one connection",
                 1, 5, 1_000, requests=100 if quick else 400),
        paced("one", 1, seconds),
        paced("200", 200, seconds),
        paced("1000", 1_000, seconds),
        Scenario("burst", "50 streams, tokens as fast as the socket takes",
                 50, 5_000, 0, requests=1 if quick else 3, first_token=False),
        Scenario("short", "50 connections, answers of 20 tokens at once",
                 50, 20, 0, requests=20 if quick else 80),
        Scenario("waiting", f"{waiting:,} streams wait for the first token",
                 waiting, 1, 0, ramp_ms=waiting, measure="waiting"),
        Scenario("cancel", "streams are cancelled, one after the other", 1,
                 100_000, INTERVAL_US, requests=20 if quick else 100,
                 measure="cancel"),
        many_readers("readers", 100 if quick else 1_000, seconds),
        Scenario("slow", f"{waiting:,} streams, readers that take nothing",
                 waiting, 2_000, 0, ramp_ms=waiting, measure="slow"),
    ]}


def warm_up(scenario):
    """A little of everything, so that nothing is measured that happens once
    in a process's life."""
    return replace(scenario, name="warm-up", streams=10, tokens=10,
                   interval_us=1_000, ramp_ms=0, requests=5, window="all",
                   measure="time")
