// Whose personal information an answer showed, for the access log: the join service names users by their id, and other
// rows by their own.
import type { Files } from '../database/clients.ts'
import { authLogSubjects, resolveSubjects, type SubjectsOf } from '../identity/subjects.ts'

/** Entries of `meta.pii.subjects` → subject ids; `<resource>:<id>` stays where nobody is known. */
export function accessSubjects({ identity, admin }: Files): (entries: readonly string[]) => readonly string[] {
  const administrators = admin.reader.prepare<[string], { id: string; adminId: string }>(
    'select l.id, l.adminId from json_each(?) k join "AdminLog" l on l.id = k.value',
  )
  const resources: Readonly<Record<string, SubjectsOf>> = {
    contacts: (ids) => new Map(ids.map((id) => [id, id])),
    'auth-logs': authLogSubjects(identity.reader),
    // The address is the administrator's, and bears the id of what was done from it.
    'admin-log-origins': (ids) =>
      new Map(administrators.all(JSON.stringify(ids)).map(({ id, adminId }) => [id, adminId])),
  }
  return (entries) => resolveSubjects(entries, resources)
}
