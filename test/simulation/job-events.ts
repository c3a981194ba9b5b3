/** The topic of job events, as the checker reads it. */
import { TOPICS } from '../../core/fleet/topics.js';
import type { StoredRecord } from '../../core/ports/topic-log.js';
import { placeOfJobEvent } from '../../services/control-plane/events/job-event.js';

/** Its name. */
export const JOB_EVENTS = TOPICS.jobEvents;

/** Which transition a record is of. */
export function placeOfEvent(record: StoredRecord): { readonly jobId: string; readonly sequence: number } {
  const place = placeOfJobEvent(record);
  if (place === null) throw new Error('a record of the topic of job events is none');
  return place;
}
