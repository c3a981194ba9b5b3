/** Names that mean something to bash itself (version 5.2), so that only bash can tell what they do. */

/** Builtins and keywords: `compgen -b; compgen -k`. */
const COMMANDS: ReadonlySet<string> = new Set(
  (
    '. : [ alias bg bind break builtin caller cd command compgen complete compopt continue declare dirs disown echo enable eval exec exit export ' +
    'false fc fg getopts hash help history jobs kill let local logout mapfile popd printf pushd pwd read readarray readonly return set shift shopt ' +
    'source suspend test times trap true type typeset ulimit umask unalias unset wait ' +
    'if then else elif fi case esac for select while until do done in function time { } ! [[ ]] coproc'
  ).split(' '),
);

/** Variables that bash computes, keeps to itself or obeys (bash(1), Shell Variables), but for `HOME`, `PATH` and `TMPDIR`, which it passes on as they are. */
const VARIABLES =
  /^(?:_|BASH.*|COMP.*|COLUMNS|COPROC|DIRSTACK|EPOCH.*|ENV|EXECIGNORE|FCEDIT|FIGNORE|FUNC.*|GLOB.*|GROUPS|HIST.*|HOST.*|IFS|IGNOREEOF|INPUTRC|INSIDE_EMACS|LANG|LC_.*|LINE.*|LINES|MACHTYPE|MAIL.*|MAPFILE|OLDPWD|OPT.*|OSTYPE|PIPESTATUS|POSIX.*|PROMPT.*|PS[0-4]|PWD|RANDOM|READLINE.*|REPLY|SECONDS|SHELL|SHLVL|SRANDOM|TERM|TEXTDOMAIN.*|TIMEFORMAT|TMOUT|auto_resume|histchars|__genie.*)$/;

/** Whether bash runs this name, which has no `/`, by itself instead of looking for a file. */
export function isBashCommand(name: string): boolean {
  return COMMANDS.has(name);
}

/** Whether setting this variable may do more in bash than to pass it on. */
export function isBashVariable(name: string): boolean {
  return VARIABLES.test(name);
}
