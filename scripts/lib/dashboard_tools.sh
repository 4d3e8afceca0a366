# shellcheck shell=bash
#
# What scripts/check-dashboards and scripts/draw-dashboards share; for services.sh to be sourced before.
#
#   need_dashboard_tools              names what is missing for them
#   install_dashboard_tools           makes a Python of their own
#   dashboard_tools                   prints where it is
#   start_dashboard_services DIR      starts PostgreSQL, a Pushgateway, and a Prometheus with the rules of DIR that scrapes
#                                     it and 127.0.0.1:$SERVE_PORT, which is free

readonly FOUNDATION_SDK_VERSION=1769699241

# Kept with the build output, so that only the first run downloads it.
dashboard_tools() { printf '%s\n' "${CARGO_TARGET_DIR:-target}/tools/dashboards-$FOUNDATION_SDK_VERSION-$PYYAML_VERSION"; }

need_dashboard_tools() {
    python3 -c 'import ensurepip' 2>/dev/null || SERVICES_MISSING+=(python3-venv)
}

install_dashboard_tools() {
    local home
    home=$(dashboard_tools)
    [[ ! -e $home/complete ]] || return 0
    logged venv python3 -m venv --clear "$home"
    logged pip "$home/bin/pip" install "grafana-foundation-sdk==$FOUNDATION_SDK_VERSION" "PyYAML==$PYYAML_VERSION"
    touch "$home/complete"
}

start_dashboard_services() { # DIR
    local file rules=()
    for file in "$1"/rules.yml "$1"/alerts.yml; do
        [[ ! -e $file ]] || rules+=("$(realpath "$file")")
    done
    start_postgres -c fsync=off
    start_pushgateway
    SERVE_PORT=$(free_port)
    {
        echo 'global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}'
        echo 'rule_files:'
        ((!${#rules[@]})) || printf "  - '%s'\n" "${rules[@]}"
        cat <<YAML
scrape_configs:
  - job_name: pushgateway
    honor_labels: true
    static_configs:
      - {targets: ['${PUSHGATEWAY_URL#http://}'], labels: {deployment_environment_name: production}}
  - job_name: migrascope-serve
    static_configs:
      - {targets: ['127.0.0.1:$SERVE_PORT'], labels: {deployment_environment_name: production}}
YAML
    } >"$SERVICES_DIR/prometheus.yml"
    start_prometheus "$SERVICES_DIR/prometheus.yml"
    export SERVE_PORT
}
