"""A peer in a process of its own: its time, its peak memory, and its end if it hangs."""
import os
import pathlib
import signal
import subprocess
import time


def run(command, most_seconds, stdout=subprocess.DEVNULL):
    """{"seconds", "peak_bytes"}, and "error" when it failed or was still running. Its children end with it."""
    start, peak = time.monotonic(), 0
    child = subprocess.Popen(command, start_new_session=True, stdout=stdout, stderr=subprocess.PIPE, text=True)
    while True:
        if time.monotonic() - start > most_seconds:
            os.killpg(child.pid, signal.SIGKILL)
            child.communicate()
            return {"seconds": most_seconds, "peak_bytes": peak, "error": f"still running after {most_seconds} s"}
        try:
            _, errors = child.communicate(timeout=0.2)
            break
        except subprocess.TimeoutExpired:
            peak = max(peak, peak_bytes(child.pid))
    result = {"seconds": time.monotonic() - start, "peak_bytes": peak}
    if child.returncode != 0:
        lines = (errors or "").strip().splitlines()
        result["error"] = lines[-1][:200] if lines else f"exit {child.returncode}"
    return result


def peak_bytes(group):
    """Resident bytes of every process of the group."""
    total = 0
    for entry in pathlib.Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == group:
                    total += int((entry / "statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE")
            except (OSError, ValueError, IndexError):
                pass  # it ended while we looked
    return total
