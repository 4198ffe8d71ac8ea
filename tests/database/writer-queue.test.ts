import { expect, test } from 'vitest'
import { QueueClosedError, QueueTimeoutError, WriterQueue } from '../../src/database/writer-queue.ts'
import { HandClock, turns } from './files.ts'

const setUp = () => {
  const clock = new HandClock()
  return { clock, queue: new WriterQueue(clock) }
}

test('turns are given in the order of arrival, one at a time', async () => {
  const { queue } = setUp()
  const order: string[] = []
  const work = async (name: string) => {
    const release = await queue.turn(1_000)
    order.push(`${name} begins`)
    await turns(2)
    order.push(`${name} ends`)
    release()
  }
  await Promise.all(['a', 'b', 'c'].map(work))
  expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends'])
  expect(queue.waiting).toBe(0)
})

test('whoever waits too long is refused and told how many stood before it; the others keep their places', async () => {
  const { clock, queue } = setUp()
  const first = await queue.turn(0)
  const patient = queue.turn(1_000)
  const hasty = queue.turn(10)
  const refused = expect(hasty).rejects.toEqual(new QueueTimeoutError(2))
  await clock.advance(10)
  await refused
  expect(queue.waiting).toBe(1)
  first()
  const second = await patient
  second()
  await expect(queue.turn(0)).resolves.toBeTypeOf('function')
})

test('a turn that is given back twice frees one place only', async () => {
  const { queue } = setUp()
  const first = await queue.turn(0)
  const second = queue.turn(1_000)
  const third = queue.turn(1_000)
  first()
  first()
  await second
  const state = await Promise.race([third.then(() => 'given'), turns(5).then(() => 'waits')])
  expect(state).toBe('waits')
})

test('close lets those who wait have their turns and refuses whoever comes later', async () => {
  const { queue } = setUp()
  const first = await queue.turn(0)
  const second = queue.turn(1_000)
  const closed = queue.close(1_000)
  await expect(queue.turn(1_000)).rejects.toBeInstanceOf(QueueClosedError)
  first()
  const release = await second
  release()
  await expect(closed).resolves.toBeTypeOf('function')
})

test('close gives up when a turn does not end, and refuses those who wait', async () => {
  const { clock, queue } = setUp()
  await queue.turn(0)
  const waiting = expect(queue.turn(5_000)).rejects.toBeInstanceOf(QueueClosedError)
  const closed = expect(queue.close(1_000)).rejects.toBeInstanceOf(QueueTimeoutError)
  await clock.advance(1_000)
  await closed
  await waiting
})
