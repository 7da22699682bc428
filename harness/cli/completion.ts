/**
 * Scripts that complete command lines in a shell: names of commands, options, and the values of options that have a list. Where nothing of a
 * list fits, files are completed.
 */
import type { Option } from 'commander';
import { quoted } from '../domain/words.ts';
import type { CliCommand } from './command.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

/** Values of an option by its long name, for options whose values commander does not check. */
export type ListedValues = { readonly [long: string]: readonly string[] };

const PROGRAM = 'crash-matrix';

/** The script for a shell, to be read by it when it starts. */
export function completionScript(shell: Shell, commands: readonly CliCommand[], listed: ListedValues): string {
  const valuesOf = (option: Option): readonly string[] => option.argChoices ?? listed[longOf(option)] ?? [];
  switch (shell) {
    case 'bash':
      return bashScript(commands, valuesOf);
    case 'zsh':
      return zshScript(commands, valuesOf);
    case 'fish':
      return fishScript(commands, valuesOf);
    default:
      return shell satisfies never;
  }
}

type ValuesOf = (option: Option) => readonly string[];

const longOf = ({ long, flags }: Option): string => long ?? flags;
const takesValue = ({ required, optional }: Option): boolean => required || optional;
/** A value may be a path, too. */
const mayBeFile = ({ flags }: Option): boolean => /<.*(?:file|dir)|--store/.test(flags);

function bashScript(commands: readonly CliCommand[], valuesOf: ValuesOf): string {
  const rows = commands.flatMap(({ name, options }) => [
    ...options.flatMap((option) => {
      const values = valuesOf(option);
      return takesValue(option) ? [`      ${quoted(`${name} ${longOf(option)}`)}) words=${quoted(values.join(' '))} ;;`] : [];
    }),
    `      ${quoted(`${name} `)}*) words=${quoted(options.map(longOf).join(' '))} ;;`,
  ]);
  return `# ${PROGRAM} completion bash: put this line into ~/.bashrc
#   source <(${PROGRAM} completion bash)
COMP_WORDBREAKS=\${COMP_WORDBREAKS//:} # a variant is one word: power-loss:xfs
_crash_matrix() {
  local words=''
  if ((COMP_CWORD == 1)); then
    words=${quoted(commands.map(({ name }) => name).join(' '))}
  else
    case "\${COMP_WORDS[1]} \${COMP_WORDS[COMP_CWORD - 1]}" in
${rows.join('\n')}
    esac
  fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o bashdefault -o default -F _crash_matrix ${PROGRAM}`;
}

function zshScript(commands: readonly CliCommand[], valuesOf: ValuesOf): string {
  const described = (text: string): string => text.replaceAll(/[\\:[\]]/g, '\\$&');
  const specOf = (option: Option): string => {
    const values = valuesOf(option).map((value) => value.replaceAll(':', '\\:'));
    const files = mayBeFile(option) ? '_files' : '';
    const action = values.length === 0 ? files : files === '' ? `(${values.join(' ')})` : `{compadd -- ${values.join(' ')}; _files}`;
    const value = takesValue(option) ? `:value:${action}` : '';
    return quoted(`*${longOf(option)}[${described(option.description)}]${value}`);
  };
  const rows = commands.map(({ name, options }) => {
    const specs = [...options.map(specOf), quoted('*:argument:_files')];
    return `    ${name})\n      _arguments \\\n        ${specs.join(' \\\n        ')}\n      ;;`;
  });
  return `#compdef ${PROGRAM}
# ${PROGRAM} completion zsh: put this line into ~/.zshrc, after compinit
#   source <(${PROGRAM} completion zsh)
_crash_matrix() {
  local -a commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${described(description)}`)}`).join('\n')}
  )
  if ((CURRENT == 2)); then
    _describe command commands
    return
  fi
  shift words
  ((CURRENT--))
  case $words[1] in
${rows.join('\n')}
  esac
}
compdef _crash_matrix ${PROGRAM}`;
}

function fishScript(commands: readonly CliCommand[], valuesOf: ValuesOf): string {
  const fishQuoted = (text: string): string => `'${text.replaceAll(/['\\]/g, '\\$&')}'`;
  const optionRow = (command: string, option: Option): string => {
    const values = valuesOf(option);
    const value = takesValue(option) ? ` ${mayBeFile(option) ? '-r' : '-x'}` : '';
    const listed = values.length === 0 ? '' : ` -a ${fishQuoted(values.join(' '))}`;
    const when = fishQuoted(`__fish_seen_subcommand_from ${command}`);
    return `complete -c ${PROGRAM} -n ${when} -l ${longOf(option).slice(2)}${value}${listed} -d ${fishQuoted(option.description)}`;
  };
  const rows = commands.flatMap(({ name, description, options }) => [
    `complete -c ${PROGRAM} -n __fish_use_subcommand -x -a ${name} -d ${fishQuoted(description)}`,
    ...options.map((option) => optionRow(name, option)),
  ]);
  return `# ${PROGRAM} completion fish: run this once
#   ${PROGRAM} completion fish > ~/.config/fish/completions/${PROGRAM}.fish
${rows.join('\n')}`;
}
