// Checks as metrics tell of them: every link with its number, also where it is 0, so that an alarm can end.
import { DOMAINS } from '../../database/domains.ts'
import type { Checker } from '../check/checker.ts'
import type { Finding, Severity } from '../check/finding.ts'
import { type LinkEnd, linksOf, nameOfLink } from '../check/links.ts'
import { newestOf } from '../check/turns.ts'
import type { CheckFigures, FigureSources, OrphanFigures } from './sources.ts'

export const checkFigures =
  (checker: Pick<Checker, 'state'>): NonNullable<FigureSources['checks']> =>
  (): CheckFigures => {
    const { often, whole, findings } = checker.state()
    const newest = newestOf(often, whole)
    if (!newest) return { turns: [], counts: undefined, orphans: [] }
    const { tookMs } = often ?? newest
    const turns = [{ turn: 'often' as const, at: newest.at, tookMs }, ...(whole ? [whole] : [])]
    return { turns, counts: countsOf(findings), orphans: orphansIn(findings) }
  }

export function countsOf(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (severity: Severity) => findings.filter((finding) => finding.severity === severity).length
  return { error: count('error'), warning: count('warning'), notice: count('notice') }
}

/** A link without a finding has no orphans, unless its file, or the one it leads to, could not be read to the end. */
function orphansIn(findings: readonly Finding[]): readonly OrphanFigures[] {
  const closed = new Set(findings.filter(({ check }) => check === 'open').map(({ place }) => place.file))
  const links = findings.filter(({ check }) => check === 'links')
  const unfinished = new Set(links.filter(({ place }) => place.column === undefined).map(({ place }) => place.file))
  const isKnown = ({ model, link }: LinkEnd) =>
    !unfinished.has(model.domain) && !closed.has(model.domain) && !closed.has(link.to.domain)
  return DOMAINS.flatMap((domain) => linksOf(domain).filter(isKnown)).map((end) => {
    const { model, link } = end
    const found = links.find(
      ({ place }) => place.file === model.domain && place.table === model.name && place.column === link.column,
    )
    return { domain: model.domain, link: nameOfLink(end), policy: link.onErase, count: found?.count ?? 0 }
  })
}
