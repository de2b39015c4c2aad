export {
  type Amplification,
  type AuditedCaption,
  type AuditOptions,
  auditCaptions,
  type CaptionAudit,
  type ContextAudit,
  type GroupAudit,
} from './audit.ts';
export { type BootstrapOptions, bootstrap, type Interval, type Tally } from './bootstrap.ts';
export {
  type EvidenceOptions,
  type HiddenPart,
  hiddenParts,
  type PersonEvidence,
  type PersonReading,
  personEvidence,
} from './evidence.ts';
export { type EvidenceSummary, summariseEvidence } from './evidence-summary.ts';
export { balancedCounts, type NeutralWords, type PeopleLists } from './training.ts';
export { type AuditWords, auditWordsSchema, defaultAuditWords, type Naming, PeopleWords } from './words.ts';
