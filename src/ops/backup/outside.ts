// Backups that lie with somebody else: whoever runs that store holds what is in them, though not always to read.
import { DOMAINS } from '../../database/domains.ts'
import type { Policies } from './policy.ts'

/** Such as `s3.example.com/bucket (identity.db, encrypted)`; folders of this machine's own are not among them. */
export const outsideStores = (policies: Policies): readonly string[] =>
  DOMAINS.flatMap((domain) => {
    const { target, keyFile } = policies[domain]
    if (target.kind !== 's3') return []
    const host = target.endpoint === undefined ? `s3.${target.region}.amazonaws.com` : new URL(target.endpoint).host
    return [`${host}/${target.bucket} (${domain}.db, ${keyFile === undefined ? 'not encrypted' : 'encrypted'})`]
  })
