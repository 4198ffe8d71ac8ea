// A lock between processes: a folder with one file that names its holder. It appears by renaming a prepared folder,
// therefore never without its holder, and a dead holder's file bears a name of its own, therefore whoever breaks a
// stale lock cannot hit the one that replaced it.
import { randomUUID } from 'node:crypto'
import {
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const HEARTBEAT_MS = 1_000
const SILENT_MS = 60_000

/**
 * Runs `work` while no other process holds the lock at `path`. Waits for a living holder and takes over from a dead one:
 * its process is gone from this machine, or it gave no sign for 60 s.
 */
export async function withLock(path, work, { onWait = () => {}, pollMs = 100 } = {}) {
  const release = await acquire(path, onWait, pollMs)
  try {
    return await work()
  } finally {
    release()
  }
}

async function acquire(path, onWait, pollMs) {
  const token = `${process.pid}-${randomUUID()}`
  for (let told = false; ; ) {
    if (tryAcquire(path, token)) return hold(path, token)
    const holder = readHolder(path)
    if (holder && isStale(holder)) breakLock(path, holder)
    else {
      if (!told && holder) onWait(holder.pid)
      told = true
      await sleep(pollMs)
    }
  }
}

function tryAcquire(path, token) {
  const prepared = `${path}.${token}`
  mkdirSync(prepared, { recursive: true })
  writeFileSync(join(prepared, token), JSON.stringify({ pid: process.pid, host: hostname() }))
  try {
    mkdirSync(dirname(path), { recursive: true })
    renameSync(prepared, path)
    return true
  } catch (error) {
    rmSync(prepared, { recursive: true, force: true })
    if (['ENOTEMPTY', 'EEXIST', 'EPERM'].includes(error.code)) return false
    throw error
  }
}

function hold(path, token) {
  const file = join(path, token)
  const beat = setInterval(() => {
    const now = new Date()
    try {
      utimesSync(file, now, now)
    } catch {
      // The folder was removed by hand; the work goes on, and release has nothing left to do.
    }
  }, HEARTBEAT_MS)
  beat.unref()
  const release = () => {
    clearInterval(beat)
    process.off('exit', release)
    breakLock(path, { token })
  }
  process.on('exit', release)
  return release
}

function readHolder(path) {
  try {
    const token = readdirSync(path)[0]
    if (!token) return undefined
    const file = join(path, token)
    return { ...JSON.parse(readFileSync(file, 'utf8')), token, silentMs: Date.now() - statSync(file).mtimeMs }
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

function isStale({ pid, host, silentMs }) {
  return silentMs > SILENT_MS || (host === hostname() && !isAlive(pid))
}

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}

function breakLock(path, { token }) {
  rmSync(join(path, token), { force: true })
  try {
    rmdirSync(path)
  } catch {
    // Gone, or already someone else's: both are what was wanted.
  }
}
