# Alembic and its relatives: revisions that name the one before. One that comes late makes a second head.

# sqlalchemy_url: the current database for SQLAlchemy.
sqlalchemy_url() {
    case $kind in
    sqlite) echo "sqlite:///$PWD/app.db" ;;
    postgres) echo "postgresql+psycopg://postgres@127.0.0.1:$port/$name" ;;
    mariadb) echo "mysql+pymysql://shop:shop@127.0.0.1:$port/$name" ;;
    esac
}

# write_revision VERSION NAME STATEMENT...: on top of the one written before.
write_revision() {
    local file revision=r${1:8:6}
    file=$(path "$1" "$2")
    {
        echo "from alembic import op"
        echo "revision = '$revision'"
        echo "down_revision = $before"
        echo "branch_labels = None"
        echo "depends_on = None"
        echo "def upgrade():"
        printf '    op.execute("%s")\n' "${@:3}"
        echo "def downgrade():"
        echo "    pass"
    } >"$file"
    before="'$revision'"
}

# revisions_listed CURRENT: of the revisions on standard input, oldest first, those up to CURRENT are applied.
revisions_listed() {
    awk -v current="$1" '
        { line[NR] = $1; if ($1 == current) upto = NR }
        END { for (i = 1; i <= NR; i++) print (i <= upto ? "applied" : "pending") }'
}

after_failure() {
    case $kind in
    postgres) echo pending pending pending ;;
    *) echo applied pending pending ;;
    esac
}

compare_revisions() {
    local file
    for kind in $kinds; do
        compare_progress
        compare_failure
        begin files
        write $first users "$(table users)"
        write $second posts "$(table posts)"
        applies "two"
        file=$(path $first users)
        echo "# edited" >>"$file"
        expect "an edited file" applied applied

        take_away $second posts
        sees=refused expect "a deleted file" not-checkable missing-file
        refuses "a deleted file"
        says "Can't locate revision identified by 'r${second:8:6}'"
        bring_back

        before="'r${first:8:6}'"
        write $late_version late "$(table late)"
        # What its history tells is no line then.
        (unset -f listed && expect "a second head" applied pending applied)
        warns "there are several heads"
        if [ "$late" = refuses ]; then
            refuses "a second head"
        else
            applies "a second head"
            (unset -f listed && expect "both heads" applied applied applied)
        fi
        compare_gate
    done
}
