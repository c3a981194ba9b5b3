/**
 * How the `run` script gets secrets, which are not in its text: the launcher hands each to bash in a variable that bash does not obey, whatever the job calls it, and the
 * script gives it its name.
 */
import { checkVariableName } from './quote.js';

/** Variable in which bash gets the secret of a variable of the job. Jobs cannot set such names. */
function carrierOf(name: string): string {
  return `__GENIE_SECRET_${name}`;
}

/** What bash is started with for these secrets, by name of the job's variable. */
export function secretCarriers(variables: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(variables).map(([name, value]) => [carrierOf(name), value]));
}

/** Exports the secret under its name. Throws `INVALID_ARGUMENT` for a name that no script can export. */
export function exportSecretLine(name: string): string {
  checkVariableName(name);
  const carrier = carrierOf(name);
  return `export ${name}="\${${carrier}?is a secret: set it to run this script by hand}"
__genie_secrets+=("$${carrier}")
unset -v ${carrier}`;
}

/**
 * Writes the environment to env.log without names that look secret and without values that hold a secret, in one piece: each line by itself would be a system call. No failure
 * of it ends the job.
 */
export function dump(hidden: readonly string[]): string {
  const line = "__genie_lines+=$name=${!name-}$'\\n'";
  return `${hidden.length === 0 ? '' : `${HOLDS_SECRET}\n`}__genie_dump() {
  local names name __genie_lines=''
  compgen -e >"$__GENIE_ENVIRONMENT_DUMP_FILE"
  mapfile -t names <"$__GENIE_ENVIRONMENT_DUMP_FILE"
  for name in "\${names[@]}"; do
    case \${name^^} in
      *SECRET* | *TOKEN* | *PASSWORD* | *KEY*) ;;
      *) ${hidden.length === 0 ? line : `__genie_holds_secret "\${!name-}" || ${line}`} ;;
    esac
  done
  builtin printf '%s' "$__genie_lines" >"$__GENIE_ENVIRONMENT_DUMP_FILE"
}
__genie_dump 2>/dev/null || true${hidden.length === 0 ? '' : '\nunset -v __genie_secrets'}`;
}

const HOLDS_SECRET = `__genie_holds_secret() {
  local secret
  for secret in "\${__genie_secrets[@]}"; do
    if [[ $1 == *"$secret"* ]]; then return 0; fi
  done
  return 1
}`;
