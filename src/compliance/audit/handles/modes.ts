// Rights and owners of the files and their folders.
import { lstatSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import type { Domain } from '../../../database/domains.ts'
import type { Finding } from '../finding.ts'

const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
const OTHERS = 0o007
const PARTS = ['', '-wal', '-shm', '-journal'] as const

interface Found {
  readonly name: string
  readonly stat: Stats
}

export function auditModes(domain: Domain, path: string): readonly Finding[] {
  if (process.platform === 'win32') return []
  const folder = lstatSync(dirname(path), { throwIfNoEntry: false })
  const found = PARTS.flatMap((part): Found[] => {
    const stat = lstatSync(path + part, { throwIfNoEntry: false })
    return stat ? [{ name: `${domain}.db${part}`, stat }] : []
  })
  if (folder) found.unshift({ name: `folder of ${domain}.db`, stat: folder })
  return found.flatMap((one) => [...modeOf(one), ...(folder ? ownerOf(one, folder) : [])])
}

function modeOf({ name, stat }: Found): readonly Finding[] {
  const allowed = stat.isDirectory() ? FOLDER_MODE : FILE_MODE
  const mode = stat.mode & 0o777
  if ((mode & ~allowed) === 0 && !stat.isSymbolicLink()) return []
  if (stat.isSymbolicLink()) {
    const next = 'Name the file itself in the configuration.'
    return [
      finding('medium', 'handles.link', name, 'It is a symbolic link: whoever may change it chooses the file', next),
    ]
  }
  const severity = mode & OTHERS ? 'high' : 'medium'
  const message = `It has mode ${octal(mode)}, expected ${octal(allowed)}: others than its owner get at it`
  return [finding(severity, 'handles.mode', name, message, `chmod ${octal(allowed)} the ${name}.`)]
}

function ownerOf({ name, stat }: Found, folder: Stats): readonly Finding[] {
  if (stat.uid === folder.uid) return []
  const message = `It belongs to user ${stat.uid}, its folder to user ${folder.uid}`
  return [
    finding('high', 'handles.owner', name, message, `chown ${folder.uid} ${name}, and start the service as that user.`),
  ]
}

const octal = (mode: number): string => mode.toString(8).padStart(4, '0')

const finding = (
  severity: Finding['severity'],
  code: string,
  file: string,
  message: string,
  next: string,
): Finding => ({
  ...{ severity, section: 'handles', code, message, count: 1, next },
  place: { file },
})
