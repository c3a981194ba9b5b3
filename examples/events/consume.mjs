// Prints the events of all jobs with kafkajs, each once: node examples/events/consume.mjs [brokers] [group]
// A group goes on where it stopped. Marid publishes at least once; the sequence says what was seen before.
import { Kafka, logLevel } from 'kafkajs';

const [brokers = '127.0.0.1:9094', groupId = 'marid-events-example'] = process.argv.slice(2);
const kafka = new Kafka({ clientId: groupId, brokers: brokers.split(','), logLevel: logLevel.ERROR });
const consumer = kafka.consumer({ groupId });
const seen = new Map(); // job -> last sequence; a real consumer keeps this beside what it writes

await consumer.connect();
await consumer.subscribe({ topics: ['marid.job-events'], fromBeginning: true });
await consumer.run({
  eachMessage: async ({ message }) => {
    const { jobId, transition, result } = JSON.parse(message.value.toString());
    if (transition.sequence <= (seen.get(jobId) ?? 0)) return;
    seen.set(jobId, transition.sequence);
    const exit = result === null ? '' : ` exit code ${result.exitCode}`;
    console.log(
      `${transition.time} ${message.headers.ce_type} ${jobId} #${transition.sequence} ${transition.reason}${exit}`,
    );
  },
});
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => consumer.disconnect());
