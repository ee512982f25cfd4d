/** The domain that somebody has registered, as far as it can be told without a list: example.com, example.co.uk. */
export function domainOf(host: string): string {
  const labels = host.split(".");
  const [second = "", last = ""] = labels.slice(-2);
  return labels.slice(last.length === 2 && second.length <= 3 ? -3 : -2).join(".");
}
