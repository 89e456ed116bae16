# Several things at once: threads, pools and other programs where there are any; locks and queues that need none.
import queue
import subprocess
import sys
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress


def attempt(name, action):
    """What an action gives, or the kind of its failure."""
    try:
        print(f"{name}: {action()}")
    except Exception as error:
        print(f"{name}: {type(error).__name__}")


def square(n):
    return n * n


def one_thread():
    seen = []
    thread = threading.Thread(target=lambda: seen.append(threading.current_thread() is threading.main_thread()))
    thread.start()
    thread.join()
    return seen


def pool():
    with ThreadPoolExecutor(3) as executor:
        return list(executor.map(square, range(6)))


def workers():
    todo, done = queue.Queue(), queue.Queue()
    for number in range(10):
        todo.put(number)

    def work():
        with suppress(queue.Empty):
            while True:
                done.put(square(todo.get_nowait()))

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(done.queue)


def program():
    return subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True).stdout.strip()


for action in (one_thread, pool, workers, program):
    attempt(action.__name__, action)

# What works everywhere: the same interfaces, one thing after the other.
future = Future()
future.set_result(square(7))
print("a future:", future.done(), future.result())
lock = threading.RLock()
with lock, lock:
    print("locks:", lock.acquire(blocking=False))
local, event = threading.local(), threading.Event()
local.value = 3
event.set()
print("local:", local.value, "event:", event.wait(0.01), "threads:", threading.active_count())
tasks = queue.PriorityQueue()
for priority, name in ((3, "c"), (1, "a"), (2, "b")):
    tasks.put((priority, name))
print("in order:", [tasks.get_nowait()[1] for _ in range(3)], tasks.empty())
attempt("nothing left", tasks.get_nowait)
print("this one:", threading.current_thread().name, threading.current_thread() is threading.main_thread())
