# bash completion for tidemill
_tidemill() {
  local current="${COMP_WORDS[COMP_CWORD]}" words="" word names=""
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == [a-z]* && $word != *[./]* ]] && words="${words:+$words }$word"
  done
  while :; do
    case "$words" in
    "") names="run plan validate init sql convert table diff verify quarantine runs recover cluster storage cost schedule serve advise calibrate prices completion --help --version" ;;
    "run") names="--help --profile --set --window --from --to --jobs --engine --master --no-salt --no-plan --spark-conf --cluster --dedicated --serverless --role --staging --aws-profile --poll --plan --prices --over-budget --replace --again --json --report --junit --results --memory --threads --state" ;;
    "plan") names="--help --profile --set --window --from --to --engine --prices --against --out --emit-spark --html --json --brief --memory --threads --state" ;;
    "validate") names="--help --profile --set --syntax-only --memory --threads --state" ;;
    "init") names="--help --template --force" ;;
    "sql") names="--help --execute --file --output --keep-going --warehouse --conf --memory --threads --state" ;;
    "convert") names="--help --from-format --format --partition-by --sort-by --mode --compression --target-file-size --schema --delimiter --null-text --malformed --no-header --again --json --report --junit --results --memory --threads --state" ;;
    "table") names="describe history files freshness check restore vacuum optimize changes clone --help" ;;
    "table describe") names="--help --version --json" ;;
    "table history") names="--help --limit --json" ;;
    "table files") names="--help --version --limit --json" ;;
    "table freshness") names="--help --json" ;;
    "table check") names="--help --json --deep --history --repair --dry-run --yes --drop-damaged --memory --threads --state" ;;
    "table restore") names="--help --json --version --timestamp --dry-run" ;;
    "table vacuum") names="--help --json --retain --delete --force" ;;
    "table optimize") names="--help --json --where --target --zorder --cluster --dry-run --memory --threads --state" ;;
    "table changes") names="--help --from --to --output --memory --threads --state" ;;
    "table clone") names="--help --json --version --shallow --verify --memory --threads --state" ;;
    "diff") names="--help --keys --without --limit --json --memory --threads --state" ;;
    "verify") names="--help --profile --set --window --from --to --sample --memory --threads --state" ;;
    "quarantine") names="ls show replay --help" ;;
    "quarantine ls") names="--help --run --limit --json --memory --threads --state" ;;
    "quarantine show") names="--help --run --limit --json --memory --threads --state" ;;
    "quarantine replay") names="--help --profile --set --json --report --junit --results --memory --threads --state" ;;
    "runs") names="ls show cost certificates backup rebuild --help" ;;
    "runs ls") names="--help --job --limit --json --state" ;;
    "runs show") names="--help --json --state" ;;
    "runs cost") names="--help --by --since --json --state" ;;
    "runs certificates") names="--help --job --json --state" ;;
    "runs backup") names="--help --json --state" ;;
    "runs rebuild") names="--help --json --state" ;;
    "recover") names="plan drill run --help" ;;
    "recover plan") names="--help --clone --json --memory --threads --state" ;;
    "recover drill") names="--help --clone --json --memory --threads --state --into --keep" ;;
    "recover run") names="--help --clone --json --memory --threads --state --version --deep --dry-run --yes" ;;
    "cluster") names="init validate plan simulate create resize watch status terminate ls gc policy --help" ;;
    "cluster init") names="--help --force" ;;
    "cluster validate") names="--help" ;;
    "cluster plan") names="--help --prices --json --state" ;;
    "cluster simulate") names="--help --days --jobs --seed --policy --workload --market --html --prices --json --state" ;;
    "cluster create") names="--help --profile --prices --state" ;;
    "cluster resize") names="--help --profile --prices --state" ;;
    "cluster watch") names="--help --every --steps --now --profile --prices --state --json" ;;
    "cluster status") names="--help --region --profile --prices --state --json" ;;
    "cluster terminate") names="--help --region --profile --state" ;;
    "cluster ls") names="--help --state --json" ;;
    "cluster gc") names="--help --delete --region --profile --state --json" ;;
    "cluster policy") names="--help" ;;
    "storage") names="plan apply report --help" ;;
    "storage plan") names="--help --infrequent-after --archive-after --prices --json --rules" ;;
    "storage apply") names="--help --infrequent-after --archive-after --prices --json --dry-run" ;;
    "storage report") names="--help --infrequent-after --archive-after --prices --json" ;;
    "cost") names="report opportunities --help" ;;
    "cost report") names="--help --since --table --simulate --investment --prices --state --json" ;;
    "cost opportunities") names="--help --cluster --measure --days --table --text --aws-profile --prices --state --json" ;;
    "schedule") names="simulate ls show run pause resume backfill --help" ;;
    "schedule simulate") names="--help --nights --from --seed --json" ;;
    "schedule ls") names="--help --schedule --state --json" ;;
    "schedule show") names="--help --schedule --state --json" ;;
    "schedule run") names="--help --schedule --state --window" ;;
    "schedule pause") names="--help --schedule --state" ;;
    "schedule resume") names="--help --schedule --state" ;;
    "schedule backfill") names="--help --schedule --state --from --to --replace" ;;
    "serve") names="--help --prices --time-from --speed --listen --until --state" ;;
    "advise") names="--help --run --apply --rule --yes --rules --shape --prices --json --html --state" ;;
    "calibrate") names="--help --memory --threads --state" ;;
    "prices") names="--help" ;;
    "completion") names="--help" ;;
    *) [[ $words == *" "* ]] && words="${words% *}" || words=""; continue ;;
    esac
    break
  done
  COMPREPLY=($(compgen -W "$names" -- "$current"))
  [[ $current == -* ]] || COMPREPLY+=($(compgen -f -- "$current"))
}
complete -o filenames -F _tidemill tidemill
