type ChoiceFieldProps<T extends string> = {
  label: string;
  value: T;
  /** Values and what they are called. */
  names: Readonly<Record<T, string>>;
  onChange(value: T): void;
};

/** A label with a list of choices. */
export const ChoiceField = <T extends string>({ label, value, names, onChange }: ChoiceFieldProps<T>) => (
  <label>
    {label}
    <select value={value} onChange={(event) => onChange(event.currentTarget.value as T)}>
      {(Object.keys(names) as T[]).map((name) => (
        <option key={name} value={name}>
          {names[name]}
        </option>
      ))}
    </select>
  </label>
);
