// Deleted cells are zeros already (secure_delete); free pages go where a file gives them back, and the log goes into the file.
import { changeIn, type Files } from '../../database/clients.ts'
import { DOMAINS, type Domain } from '../../database/domains.ts'
import { knownError } from '../../database/errors.ts'
import { UnavailableError } from '../../errors.ts'

const FREE_STEP = 200

/** False where somebody reads an older state of a file, or writes to it: the search finds what that holds back. */
export async function clearFiles(files: Files): Promise<boolean> {
  let isCleared = true
  for (const domain of DOMAINS) {
    try {
      await clear(files, domain)
    } catch (error) {
      if (!(knownError(error, domain) instanceof UnavailableError)) throw error
      isCleared = false
    }
  }
  return isCleared
}

async function clear(files: Files, domain: Domain): Promise<void> {
  const mode = files[domain].reader.pragma('auto_vacuum', { simple: true })
  if (mode === 2) {
    await changeIn(files, domain, (tx) => {
      for (let step = 0; step < FREE_STEP; step++) tx.run('pragma incremental_vacuum(1)')
    })
  }
  await files[domain].checkpoint()
}
