import { createReadStream, existsSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { copyFile, mkdir, open } from 'node:fs/promises'
import { basename, dirname, join, relative, sep } from 'node:path'
import { publish, syncFolder, writeWhole } from '../../database/durable.ts'
import { NotFoundError } from '../../errors.ts'
import { understood } from './failures.ts'
import { GONE_HINT, type Store, type StoredFile } from './store.ts'

const PART = '.part'

/**
 * A folder with mode 0700 of files with mode 0600. Where somebody lets a group read the folder, it may read manifests and
 * results too, so that a server can tell of backups that it cannot open; archives stay their owner's.
 */
export function openFolder(path: string): Store {
  const at = (name: string) => join(path, name)
  const ready = async (name: string) => {
    await mkdir(dirname(at(name)), { recursive: true, mode: 0o700 })
  }
  return {
    where: path,
    async put(name, from) {
      await told(path, async () => {
        await ready(name)
        await move(from, at(name))
      })
    },
    async putText(name, text) {
      await told(path, async () => {
        await ready(name)
        writeWhole(at(name), text, 0o600 | (statSync(dirname(at(name))).mode & 0o040))
        syncFolder(dirname(at(name)))
      })
    },
    async read(name) {
      if (!existsSync(at(name))) throw new NotFoundError(`${name} is not in ${path}`, { hint: GONE_HINT })
      return createReadStream(at(name), { highWaterMark: 1 << 20 })
    },
    async readText(name) {
      return existsSync(at(name)) ? readFileSync(at(name), 'utf8') : undefined
    },
    async list(prefix = '') {
      return existsSync(path) ? filesIn(path).filter(({ name }) => name.startsWith(prefix)) : []
    },
    async remove(name) {
      await told(path, async () => rmSync(at(name), { force: true }))
    },
    [Symbol.dispose]() {},
  }
}

/** Within one disk a rename; from another beside, synced, renamed. */
async function move(from: string, to: string): Promise<void> {
  try {
    publish(from, to)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EXDEV') throw error
    removeParts(dirname(to))
    const beside = join(dirname(to), `.${basename(to)}${PART}`)
    await copyFile(from, beside)
    await using file = await open(beside, 'r+')
    await file.chmod(0o600)
    await file.sync()
    publish(beside, to)
  }
}

/** Of copies that were killed; whoever puts is alone. */
function removeParts(folder: string): void {
  for (const name of readdirSync(folder).filter((file) => file.startsWith('.') && file.endsWith(PART))) {
    rmSync(join(folder, name), { force: true })
  }
}

function filesIn(path: string): StoredFile[] {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .filter(
      (file) =>
        !relative(path, file)
          .split(sep)
          .some((part) => part.startsWith('.') || part.endsWith('.new')),
    )
    .flatMap((file) => {
      const found = statSync(file, { throwIfNoEntry: false })
      return found
        ? [{ name: relative(path, file).split(sep).join('/'), bytes: found.size, changedAt: found.mtime }]
        : []
    })
}

async function told(path: string, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } catch (error) {
    throw understood(error, path)
  }
}
