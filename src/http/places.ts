// Where files lie is for the command, on the machine itself: an answer names the last part of a path, and no bucket.
import { dirname } from 'node:path'
import type { Config } from '../config.ts'
import { withoutPaths } from '../errors.ts'
import type { Policies } from '../ops/backup/policy.ts'

const PATH = /(?<![\w.<:/])(?:[A-Za-z]:)?[\\/](?:[^\s"',;:()\\/]+[\\/])*([^\s"',;:()\\/]*)/g
const BUCKET = /\bs3:\/\/[^\s"',;()]*/g

/** `Run "chmod 0600 /srv/gogga/billing/billing.db"` → `Run "chmod 0600 billing.db"`. */
export function placesOf({ dataDir, paths }: Config, policies: Policies): (text: string) => string {
  const targets = Object.values(policies).flatMap(({ target, workFolder }) => [
    ...(target.kind === 'folder' ? [target.path] : []),
    ...(workFolder === undefined ? [] : [workFolder]),
  ])
  // Known ones first, longest first: they may hold spaces.
  const folders = [dataDir, ...Object.values(paths).map((path) => dirname(path)), ...targets].flatMap((folder) => [
    folder,
    dirname(folder),
  ])
  const known = [...new Set(folders)].filter((folder) => folder.length > 1).sort((a, b) => b.length - a.length)
  return (text) => {
    let left = withoutPaths(text)
    for (const folder of known) left = left.replaceAll(`${folder}/`, '')
    return left.replaceAll(BUCKET, 'its bucket').replaceAll(PATH, '$1')
  }
}
