/** Labels that containers have in the world, by who reads them. None is of ours. */
export const LABELS_OF_OTHERS: readonly string[] = `
com.docker.compose.project com.docker.compose.service com.docker.compose.config-hash com.docker.compose.container-number
com.docker.compose.oneoff com.docker.compose.version com.docker.compose.depends_on com.docker.compose.image
com.docker.compose.project.config_files com.docker.compose.project.working_dir com.docker.compose.project.environment_file
com.docker.compose.network com.docker.compose.volume com.docker.compose.replace com.docker.compose.slug
com.docker.stack.namespace com.docker.stack.image com.docker.swarm.node.id com.docker.swarm.service.id
com.docker.swarm.service.name com.docker.swarm.task com.docker.swarm.task.id com.docker.swarm.task.name
com.docker.swarm.affinities com.docker.swarm.constraints com.docker.network.bridge.name com.docker.volume.anonymous
com.docker.extension.publisher-url com.docker.extension.screenshots com.docker.desktop.extension.api.version
com.docker.desktop.extension.icon com.docker.extensions.categories com.docker.extension.changelog
com.docker.image.source.entrypoint com.docker.prod-env com.docker.official-images.bashbrew.arch
org.opencontainers.image.title org.opencontainers.image.authors org.opencontainers.image.created
org.opencontainers.image.description org.opencontainers.image.documentation org.opencontainers.image.licenses
org.opencontainers.image.revision org.opencontainers.image.source org.opencontainers.image.url
org.opencontainers.image.vendor org.opencontainers.image.version org.opencontainers.image.ref.name
org.opencontainers.image.base.name org.opencontainers.image.base.digest org.label-schema.name
org.label-schema.schema-version org.label-schema.vcs-ref org.label-schema.build-date org.label-schema.usage
maintainer version description vendor release summary architecture name url license author authors
traefik.enable traefik.docker.network traefik.http.routers.web.rule traefik.http.routers.web.middlewares
traefik.http.middlewares.auth.basicauth.users traefik.http.middlewares.x.ipallowlist.sourcerange
traefik.http.middlewares.auth.forwardauth.address traefik.http.services.web.loadbalancer.server.port
traefik.http.routers.web.tls.certresolver traefik.tcp.routers.db.rule traefik.frontend.rule
traefik.frontend.auth.basic traefik.frontend.whiteList.sourceRange traefik.http.middlewares.limit.ratelimit.average
com.centurylinklabs.watchtower.enable com.centurylinklabs.watchtower.monitor-only
com.centurylinklabs.watchtower.stop-signal com.centurylinklabs.watchtower.depends-on
io.kubernetes.pod.name io.kubernetes.pod.namespace io.kubernetes.pod.uid io.kubernetes.container.name
io.kubernetes.container.ports io.kubernetes.container.restartCount io.kubernetes.docker.type
annotation.io.kubernetes.container.hash app.kubernetes.io/name app.kubernetes.io/instance
app.kubernetes.io/managed-by io.portainer.accesscontrol.teams io.portainer.accesscontrol.users
io.portainer.accesscontrol.public io.portainer.hidden diun.enable diun.include_tags diun.max_tags diun.watch_repo
diun.metadata.team ofelia.enabled ofelia.job-exec.backup.schedule ofelia.job-exec.backup.command
ofelia.job-local.x.user ofelia.no-overlap homepage.group homepage.name homepage.href homepage.widget.key
caddy caddy.reverse_proxy caddy.basic_auth caddy.tls autoheal autoheal.stop.timeout wud.watch wud.tag.include
wud.link.template dev.dozzle.name dev.dozzle.group prometheus.io/scrape prometheus.io/port logging loki.enable
logging_jobname net.unraid.docker.managed net.unraid.docker.webui net.unraid.docker.icon org.gitlab.runner.job.id
com.gitlab.gitlab-runner.job.id com.gitlab.gitlab-runner.type com.github.containers.toolkit.version
com.nvidia.cudnn.version com.nvidia.volumes.needed org.nginx.proxy.x com.github.jrcs.letsencrypt_nginx_proxy_companion.nginx_proxy
com.github.nginx-proxy.acme-companion vagrant.name devcontainer.local_folder devcontainer.metadata
com.microsoft.created-by com.visualstudio.code.devcontainers.id org.testcontainers org.testcontainers.sessionId
org.testcontainers.lang org.testcontainers.ryuk io.podman.compose.project io.buildah.version io.k8s.description
io.openshift.tags io.openshift.expose-services io.openshift.s2i.scripts-url io.x-k8s.kind.role io.x-k8s.kind.cluster
desktop.docker.io/wsl-distro desktop.docker.io/binds/0/Source co.elastic.logs/enabled co.elastic.metrics/hosts
com.datadoghq.ad.check_names com.datadoghq.ad.instances com.datadoghq.tags.env nautical-backup.enable
docker-volume-backup.stop-during-backup sablier.enable sablier.group tsdproxy.enable tsdproxy.name kuma.web.http.name
glance.name swag swag_url swag_port pangolin.public-resources.x.name authelia.policy clock.port interior.design
internal.owner interlinked.team interlude.name intersect.region interlaken.host locker.enable
`.trim().split(/\s+/);
