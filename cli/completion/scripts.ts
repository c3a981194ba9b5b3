/**
 * Completion scripts. They are static: the command tree is written into them, and nothing is called while one types. All words come from the
 * tree and are letters, digits and dashes, so they need no quotes.
 */
import type { Command } from 'commander';
import { completionNodes, type CompletionNode } from './tree.js';

/** The script of a shell. */
export function completionScript(root: Command, shell: 'bash' | 'zsh'): string {
  const nodes = completionNodes(root);
  switch (shell) {
    case 'bash':
      return bashScript(nodes);
    case 'zsh':
      return zshScript(nodes);
    default:
      return shell satisfies never;
  }
}

/** Walks the typed words down the tree, passing over options and their values, then offers what may follow. */
function bashScript(nodes: readonly CompletionNode[]): string {
  return `# bash completion of marid
_marid() {
  local current previous node= offers= options= valued= word skip= i
  current="\${COMP_WORDS[COMP_CWORD]}"
  previous="\${COMP_WORDS[COMP_CWORD-1]}"
  COMPREPLY=()
${walk('i=1; i < COMP_CWORD', '${COMP_WORDS[i]}', 'return 0')}
  case "$node $previous" in
${choiceCases(nodes, (words) => `COMPREPLY=( $(compgen -W "${words}" -- "$current") ); return 0`)}
  esac
${describePath(nodes)}
  case " $valued " in *" $previous "*) COMPREPLY=( $(compgen -f -- "$current") ); return 0 ;; esac
  case "$current" in
    -*) COMPREPLY=( $(compgen -W "$options" -- "$current") ) ;;
    *) COMPREPLY=( $(compgen -W "$offers" -- "$current") ) ;;
  esac
}
${pathFunctions(nodes)}
complete -o default -F _marid marid
`;
}

function zshScript(nodes: readonly CompletionNode[]): string {
  return `#compdef marid
# zsh completion of marid
_marid() {
  local current previous node= offers= options= valued= word skip= i
  current="\${words[CURRENT]}"
  previous="\${words[CURRENT-1]}"
${walk('i=2; i < CURRENT', '${words[i]}', '_files; return')}
  case "$node $previous" in
${choiceCases(nodes, (words) => `compadd -- ${words}; return`)}
  esac
${describePath(nodes)}
  case " $valued " in *" $previous "*) _files; return ;; esac
  case "$current" in
    -*) compadd -- \${=options} ;;
    *) if [ -n "$offers" ]; then compadd -- \${=offers}; else _files; fi ;;
  esac
}
${pathFunctions(nodes)}
if [ "$funcstack[1]" = "_marid" ]; then _marid "$@"; else compdef _marid marid; fi
`;
}

function walk(range: string, word: string, afterDashes: string): string {
  return `  for (( ${range}; i++ )); do
    word="${word}"
    if [ -n "$skip" ]; then skip=; continue; fi
    case "$word" in
      --) ${afterDashes} ;;
      -*) if _marid_takes_value "$node" "$word"; then skip=1; fi ;;
      *) if _marid_is_path "\${node:+$node }$word"; then node="\${node:+$node }$word"; fi ;;
    esac
  done`;
}

function choiceCases(nodes: readonly CompletionNode[], action: (words: string) => string): string {
  const cases = nodes.flatMap(({ path, valued }) =>
    valued
      .filter(({ choices }) => choices.length > 0)
      .map(({ form, choices }) => `    "${path} ${form}") ${action(choices.join(' '))} ;;`),
  );
  return cases.join('\n');
}

function describePath(nodes: readonly CompletionNode[]): string {
  const cases = nodes.map(({ path, subcommands, words, options, valued }) => {
    const forms = valued.map(({ form }) => form).join(' ');
    return `    "${path}") offers="${[...subcommands, ...words].join(' ')}"; options="${options.join(' ')}"; valued="${forms}" ;;`;
  });
  return `  case "$node" in\n${cases.join('\n')}\n  esac`;
}

function pathFunctions(nodes: readonly CompletionNode[]): string {
  const paths = nodes.filter(({ path }) => path !== '').map(({ path }) => `"${path}"`);
  const valued = nodes.flatMap(({ path, valued: options }) => options.map(({ form }) => `"${path} ${form}"`));
  return `_marid_is_path() {
  case "$1" in ${paths.join('|')}) return 0 ;; esac
  return 1
}
_marid_takes_value() {
  case "$1 $2" in ${valued.join('|')}) return 0 ;; esac
  return 1
}`;
}
