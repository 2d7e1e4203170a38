"""Timing for the Python peers: the same workload names, units and row format as gradus-bench prints.

A peer script declares workloads through `Bench.time(name, variant, prepare, ...)`; `prepare` runs only when the name
matches the filter and returns the function to time. Each result is one JSON line on standard output.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import time

GEMM_SHAPES = [  # m, k, n
    (64, 64, 64), (128, 128, 128), (256, 256, 256), (512, 512, 512), (1024, 1024, 1024), (2048, 2048, 2048),
    (32, 784, 128), (128, 784, 128), (784, 32, 128), (32, 128, 10), (32, 2048, 100), (128, 2048, 100),
    (2048, 32, 100), (32, 100, 10), (6272, 9, 128), (25088, 192, 64), (100352, 576, 64),
]
# name: batch, height, width, channels in, channels out, kernel, stride, depthwise
CONVS = {
    "a_28x28x1_128_3x3s2": (32, 28, 28, 1, 128, 3, 2, False),
    "b_56x56x64_64_3x3": (32, 56, 56, 64, 64, 3, 1, False),
    "c_dw3x3_56x56x96": (32, 56, 56, 96, 96, 3, 1, True),
    "d_1x1_28x28x192_64": (32, 28, 28, 192, 64, 1, 1, False),
}


def conv_flops(b, h, w, ci, co, k, s, dw):
    return 2 * b * -(-h // s) * -(-w // s) * k * k * co * (1 if dw else ci)


def run_delay():
    """Seconds that this process's threads were runnable but had no processor."""
    total = 0
    for thread in os.listdir("/proc/self/task"):
        try:
            with open(f"/proc/self/task/{thread}/schedstat") as file:
                total += int(file.read().split()[1])
        except OSError:
            pass
    return total / 1e9


def measure(fn, min_time=0.3, min_reps=7, max_reps=200, max_time=2.0):
    """(median seconds per call, best, samples, interquartile range / median, share of the time spent waiting)."""
    start, last = time.perf_counter(), 0.0
    for n in range(1000):
        t = time.perf_counter()
        fn()
        last = time.perf_counter() - t
        if n >= 2 and time.perf_counter() - start > 0.15:
            break
    inner = max(1, int(1.5e-3 / max(last, 1e-9)))
    samples, start, delay = [], time.perf_counter(), run_delay()
    while True:
        t = time.perf_counter()
        for _ in range(inner):
            fn()
        samples.append((time.perf_counter() - t) / inner)
        spent = time.perf_counter() - start
        if (len(samples) >= min_reps and spent > min_time) or len(samples) >= max_reps or \
                (spent > max_time and len(samples) >= 3):
            break
    waiting = (run_delay() - delay) / spent
    median = statistics.median(samples)
    quarters = statistics.quantiles(samples, n=4)
    return median, min(samples), len(samples), (quarters[2] - quarters[0]) / median, waiting


class Bench:
    def __init__(self, peer):
        parser = argparse.ArgumentParser()
        parser.add_argument("filter", nargs="?", default="")
        parser.add_argument("--threads", type=int, default=2)
        parser.add_argument("--child", help="one workload in a process of its own: cold or fit")
        self.args = parser.parse_args()
        self.peer, self.threads, self.child = peer, self.args.threads, self.args.child

    def wants(self, workload):
        return self.args.filter in workload

    def emit(self, workload, variant, metric, value, unit, reps, spread=0.0, contention=0.0, **extra):
        row = {"peer": self.peer, "variant": variant, "threads": self.threads, "workload": workload,
               "metric": metric, "value": float(f"{value:.5g}"), "unit": unit, "reps": reps,
               "spread": round(spread, 3), "contention": round(contention, 3), **extra}
        print(json.dumps(row), flush=True)

    def time(self, workload, variant, prepare, images=None, flops=None, nbytes=None, iterations=None, **how):
        """Times what `prepare` returns; the unit follows from what one call works through."""
        if not self.wants(workload):
            return
        try:
            fn = prepare()
            fn()
        except Exception as error:  # a mode that this installation lacks, such as a missing compiler
            print(f"{self.peer} {workload} {variant}: {error!r:.200}", file=sys.stderr)
            return
        s, best, reps, spread, contention = measure(fn, **how)

        def rate(metric, amount, unit):
            self.emit(workload, variant, metric, amount / s, unit, reps, spread, contention,
                      best=float(f"{amount / best:.5g}"), us=float(f"{s * 1e6:.5g}"))
        if images:
            rate("throughput", images, "images/s")
        elif flops:
            rate("rate", flops / 1e9, "GFLOP/s")
        elif nbytes:
            rate("bandwidth", nbytes / 1e9, "GB/s")
        else:
            n, unit = (iterations, "us/iter") if iterations else (1, "us")
            self.emit(workload, variant, "latency", s / n * 1e6, unit, reps, spread, contention,
                      best=float(f"{best / n * 1e6:.5g}"))

    def processes(self):
        """Start to first prediction, and the memory of one epoch of training: processes of their own."""
        for child, wall, memory, reps in (("cold", "cold_start_first_predict", "cold_start_peak_rss", 3),
                                          ("fit", None, "mlp_fit_peak_rss", 1)):
            if not ((wall and self.wants(wall)) or self.wants(memory)):
                continue
            walls, peaks = [], []
            for _ in range(reps):
                t = time.perf_counter()
                process = subprocess.Popen([sys.executable, sys.argv[0], "--threads", str(self.threads), "--child", child],
                                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                _, status, usage = os.wait4(process.pid, 0)
                walls.append(time.perf_counter() - t)
                peaks.append(usage.ru_maxrss / 1024)
                if status != 0:
                    print(f"{self.peer} {child}: exit status {status}", file=sys.stderr)
                    return
            if wall:
                self.emit(wall, "process", "latency", statistics.median(walls) * 1e3, "ms", reps)
            self.emit(memory, "process", "memory", statistics.median(peaks), "MiB", reps)


