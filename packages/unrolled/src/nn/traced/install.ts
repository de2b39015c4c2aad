import { tracing } from '../tracing.ts';
import { tracedSequence } from './traced-sequence.ts';

tracing.sequence = tracedSequence;
