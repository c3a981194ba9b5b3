/** A listener of Kafka with TLS and log-in. */
import type { SecuredListener } from './engine.js';

/** Its name. */
export const SECURED = 'SECURED';

const PREFIX = `listener.name.${SECURED.toLowerCase()}`;
const MODULES = 'org.apache.kafka.common.security';

/** What the broker is told of it, beside its address. */
export function securedProperties({ keystore, username, password }: SecuredListener): Readonly<Record<string, string>> {
  return {
    [`${PREFIX}.ssl.keystore.type`]: 'PEM',
    [`${PREFIX}.ssl.keystore.location`]: keystore,
    [`${PREFIX}.sasl.enabled.mechanisms`]: 'PLAIN,SCRAM-SHA-512',
    [`${PREFIX}.plain.sasl.jaas.config`]: `${MODULES}.plain.PlainLoginModule required user_${username}="${password}";`,
    [`${PREFIX}.scram-sha-512.sasl.jaas.config`]: `${MODULES}.scram.ScramLoginModule required;`,
  };
}

/** Arguments of the tool that formats a broker's folder: users of SCRAM are part of the cluster's metadata. */
export function scramUser({ username, password }: SecuredListener): readonly string[] {
  return ['--add-scram', `SCRAM-SHA-512=[name=${username},password=${password}]`];
}
