# Coroutines: gathering, time limits, a queue, groups that fail together, semaphores, streams of values, cancelling.
import asyncio


async def fetch(name, steps):
    for _ in range(steps):
        await asyncio.sleep(0.001)
    return f"{name}:{steps}"


async def fail():
    raise ValueError("broken")


async def numbers(limit):
    for number in range(limit):
        await asyncio.sleep(0)
        yield number


async def pipeline():
    """A producer and two consumers around a small queue."""
    todo, done = asyncio.Queue(maxsize=2), []

    async def consume():
        while (item := await todo.get()) is not None:
            done.append(item * item)
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(consume())
        for item in [*range(8), None, None]:
            await todo.put(item)
    return sorted(done)


async def at_once(limit):
    most, running, gate = 0, 0, asyncio.Semaphore(limit)

    async def one():
        nonlocal most, running
        async with gate:
            running += 1
            most = max(most, running)
            await asyncio.sleep(0)
            running -= 1

    await asyncio.gather(*(one() for _ in range(10)))
    return most


async def main():
    print("gathered:", await asyncio.gather(fetch("a", 3), fetch("b", 1), fetch("c", 2)))
    print("as they finish:", [await task for task in asyncio.as_completed([fetch("slow", 30), fetch("fast", 1)])])
    try:
        await asyncio.wait_for(asyncio.sleep(60), timeout=0.01)
    except TimeoutError:
        print("too slow")
    print("squares:", await pipeline())
    print("streamed:", [number async for number in numbers(6) if number % 2])
    try:
        async with asyncio.TaskGroup() as group:
            other = group.create_task(asyncio.sleep(60))
            group.create_task(fail())
    except* ValueError as errors:
        print("group:", [str(error) for error in errors.exceptions], "cancelled:", other.cancelled())
    results = await asyncio.gather(fail(), fetch("e", 1), return_exceptions=True)
    print("kept:", [type(result).__name__ for result in results])
    print("at once:", await at_once(2), await at_once(5))
    task = asyncio.create_task(asyncio.sleep(60), name="sleeper")
    await asyncio.sleep(0)
    task.cancel()
    await asyncio.wait([task])
    print("task:", task.get_name(), task.cancelled())


asyncio.run(main())
with asyncio.Runner() as runner:
    print("once more:", runner.run(fetch("f", 0)), runner.get_loop().is_running())
