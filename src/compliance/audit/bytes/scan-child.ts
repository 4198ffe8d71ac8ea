// The process that searches plain files and streams (answer-scans.ts).
import { answerScans } from './answer-scans.ts'

answerScans()
