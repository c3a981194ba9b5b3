/** Submits a job, follows its output, and tells how it ended. Needs `marid dev` and the entries of examples/registry.yaml. */
import { MaridClient } from '../../client/index.js';

const client = MaridClient.connect({ address: process.env.MARID_ADDRESS ?? '127.0.0.1:7070' });
try {
  const job = await client.submit({
    user: 'ada',
    clusterCriteria: [{ tags: ['sched:test'] }],
    commandCriterion: { tags: ['type:shell'] },
    arguments: ['echo "hello from $GENIE_JOB_ID"'],
  });
  for await (const bytes of client.follow(job.id, 'stdout')) process.stdout.write(bytes);
  const ended = await client.wait(job.id);
  process.exitCode = ended.result?.exitCode ?? 1;
} finally {
  await client.close();
}
