/** How models and their variants are named: `process-kill`, `power-loss:xfs`. */
export function variantName(model: string, profile: string | undefined): string {
  return profile === undefined ? model : `${model}:${profile}`;
}

/** The same for a cell of a result, or for a cell to be checked. */
export function modelName({
  model,
  profile,
}: {
  readonly model: string | { readonly name: string };
  readonly profile?: string | undefined;
}): string {
  return variantName(typeof model === 'string' ? model : model.name, profile);
}
