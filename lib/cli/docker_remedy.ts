/** What to do where an engine cannot be reached, by its URL and the reason. */
export function dockerRemedy(url: string, why: string): string {
  if (/permission denied/i.test(why)) {
    return "run as root or as a member of the group that owns the socket (docker)";
  }
  if (url.startsWith("unix:")) {
    return "start Docker, or name its socket with --docker-host; in a container, mount the socket read-only";
  }
  if (url.startsWith("ssh:")) {
    return "make ssh to this host work without a password first (keys, known_hosts)";
  }
  return "check the address; for TLS set DOCKER_TLS_VERIFY=1 and DOCKER_CERT_PATH";
}
