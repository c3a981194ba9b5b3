/** Chance and fresh identities, injected so that tests can repeat them. */
export interface Random {
  /** Uniform in [0, 1). */
  next(): number;
  /** A new identity, UUID version 7 (RFC 9562): ids made later sort later. */
  id(): string;
}
