"""Ports and processes of this machine, as far as whoever starts servers needs them."""

import signal
import socket

import psutil


def is_port_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1 there now."""
    with socket.socket() as probe:
        # As servers do, so that connections still closing do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def find_free_port() -> int:
    """A port that was free a moment ago: the caller must be ready to lose it."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def find_port_holder(port: int) -> str | None:
    """The name and id of the process that listens there, where the system tells us."""
    try:
        listening = [c for c in psutil.net_connections(kind="tcp") if c.status == psutil.CONN_LISTEN]
        holders = [c.pid for c in listening if c.laddr and c.laddr.port == port and c.pid]
        return f"{psutil.Process(holders[0]).name()} (process {holders[0]})" if holders else None
    except psutil.Error:
        return None


def stop_process(process: psutil.Process, *signals: tuple[signal.Signals, float]) -> bool:
    """Send each signal in turn and wait that many seconds. False when the process outlived them all.

    psutil compares the start time before it signals, so a stranger who got the number is left alone.
    """
    for number, seconds in signals:
        try:
            process.send_signal(number)
            process.wait(timeout=seconds)
        except psutil.TimeoutExpired:
            continue
        except psutil.NoSuchProcess:
            return True
        return True
    return not process.is_running()
