/** Criteria. */
import type { Criterion } from '../../core/registry/resource.js';
import type { Criterion as CriterionMessage } from '../gen/marid/v1/criterion_pb.js';
import { textOrNull } from './absent.js';

/** A criterion as a message. */
export function criterionToMessage(criterion: Criterion): CriterionMessage {
  return {
    $typeName: 'marid.v1.Criterion',
    id: criterion.id ?? '',
    name: criterion.name ?? '',
    version: criterion.version ?? '',
    status: criterion.status ?? '',
    tags: [...criterion.tags],
  };
}

/** The criterion of a message; one without any part when the message is absent, for validation to name. */
export function criterionFromMessage(message: CriterionMessage | undefined): Criterion {
  return {
    id: textOrNull(message?.id ?? ''),
    name: textOrNull(message?.name ?? ''),
    version: textOrNull(message?.version ?? ''),
    status: textOrNull(message?.status ?? ''),
    tags: [...(message?.tags ?? [])],
  };
}
