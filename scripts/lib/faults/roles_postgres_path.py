"""What a low role plants in a schema of the search path, each of which shows that it was called; of scripts/try-roles."""

_PLAIN = (
    "ARRAY['text', 'varchar', 'bpchar', 'name', 'bool', 'int2', 'int4', 'int8', 'float8', 'numeric', 'oid', 'regclass', 'regtype', 'timestamp', "
    "'timestamptz', 'interval', 'date', 'inet', 'xid8', 'char', '_text', '_int4', '_name', '_oid']::regtype[]::oid[]"
)
OPERATORS = f"""DO $do$
DECLARE o record; a regtype; b regtype; n int := 0; strings oid[] := ARRAY['text', 'varchar', 'bpchar', 'name']::regtype[]::oid[];
BEGIN
  FOR o IN SELECT oprname, oprleft::regtype l, oprright::regtype r, oprresult::regtype t FROM pg_operator
    WHERE oprnamespace = 'pg_catalog'::regnamespace AND ARRAY[oprleft, oprright, oprresult] <@ {_PLAIN}
    UNION SELECT op, l::regtype, r::regtype, CASE WHEN op = '||' THEN 'text' ELSE 'bool' END::regtype
    FROM unnest(strings) l, unnest(strings) r, unnest(ARRAY['=', '<>', '<', '>', '<=', '>=', '~~', '||']) op
  LOOP
    n := n + 1;
    EXECUTE format('CREATE FUNCTION public.twin_%s (%s, %s) RETURNS %s LANGUAGE plpgsql AS %L', n, o.l, o.r, o.t, format(
      'BEGIN PERFORM low.spy(); RETURN $1%s OPERATOR(pg_catalog.%s) $2%1$s; END',
      CASE WHEN o.l::oid = ANY (strings) AND o.r::oid = ANY (strings) THEN '::pg_catalog.text' ELSE '' END, o.oprname));
    EXECUTE format('CREATE OPERATOR public.%s (LEFTARG = %s, RIGHTARG = %s, FUNCTION = public.twin_%s)', o.oprname, o.l, o.r, n);
  END LOOP;
END $do$"""
FUNCTIONS = f"""DO $do$
DECLARE o record;
BEGIN
  FOR o IN SELECT proname, oidvectortypes(proargtypes) args, format_type(prorettype, NULL) result,
      (SELECT string_agg('$' || i, ', ') FROM generate_series(1, pronargs) i) given FROM pg_proc
    WHERE pronamespace = 'pg_catalog'::regnamespace AND prokind = 'f' AND NOT proretset AND provariadic = 0 AND proargmodes IS NULL
      AND proargtypes::oid[] <@ {_PLAIN} AND prorettype = ANY ({_PLAIN} || 'void'::regtype::oid)
  LOOP
    EXECUTE format('CREATE FUNCTION public.%I (%s) RETURNS %s LANGUAGE plpgsql AS %L', o.proname, o.args, o.result,
      format(CASE WHEN o.result = 'void' THEN 'BEGIN PERFORM low.spy(); PERFORM pg_catalog.%I(%s); END'
                  ELSE 'BEGIN PERFORM low.spy(); RETURN pg_catalog.%I(%s); END' END, o.proname, o.given));
  END LOOP;
END $do$"""
AGGREGATES = f"""DO $do$
DECLARE a regtype; f name;
BEGIN
  FOREACH a IN ARRAY {_PLAIN} LOOP FOREACH f IN ARRAY ARRAY['count', 'sum', 'max', 'min', 'avg', 'concat', 'string_agg', 'array_agg', 'bool_or',
    'unnest', 'format', 'coalesce', 'to_char', 'to_regclass', 'set_config', 'current_setting']::name[] LOOP
    EXECUTE format('CREATE OR REPLACE FUNCTION public.%I (%s) RETURNS %s LANGUAGE plpgsql AS %L', f, a,
      CASE WHEN f = 'count' THEN 'bigint' ELSE a::text END, 'BEGIN PERFORM low.spy(); RETURN NULL; END');
  END LOOP; END LOOP;
END $do$"""
TYPES = "; ".join(
    f"CREATE DOMAIN public.{name} AS pg_catalog.{name} CHECK (low.spy())"
    for name in ["text", "name", "int2", "int4", "int8", "bool", "float8", "varchar", "timestamptz", "oid", "regclass", "regtype"]
)
CATALOGUE = """DO $do$
DECLARE o record;
BEGIN
  FOR o IN SELECT relname FROM pg_class WHERE relnamespace = 'pg_catalog'::regnamespace AND relkind IN ('r', 'v') AND relname NOT LIKE 'pg_statistic%'
    AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND atttypid = 'anyarray'::regtype) LOOP
    EXECUTE format('CREATE VIEW public.%I AS SELECT c.* FROM pg_catalog.%I c WHERE low.spy(); GRANT SELECT ON public.%1$I TO PUBLIC', o.relname, o.relname);
  END LOOP;
END $do$"""
CASTS = "; ".join(
    f"CREATE TYPE public.own_{name} AS (v {name}); "
    f"CREATE FUNCTION public.from_{name}(public.own_{name}) RETURNS {name} LANGUAGE plpgsql AS 'BEGIN PERFORM low.spy(); RETURN ($1).v; END'; "
    f"CREATE FUNCTION public.to_{name}({name}) RETURNS public.own_{name} LANGUAGE plpgsql AS 'BEGIN PERFORM low.spy(); RETURN ROW($1)::public.own_{name}; END'; "
    f"CREATE CAST (public.own_{name} AS {name}) WITH FUNCTION public.from_{name} AS IMPLICIT; "
    f"CREATE CAST ({name} AS public.own_{name}) WITH FUNCTION public.to_{name} AS IMPLICIT; "
    f"CREATE FUNCTION public.same_{name}(public.own_{name}, public.own_{name}) RETURNS bool LANGUAGE plpgsql AS 'BEGIN PERFORM low.spy(); RETURN true; END'; "
    f"CREATE OPERATOR public.= (LEFTARG = public.own_{name}, RIGHTARG = public.own_{name}, FUNCTION = public.same_{name})"
    for name in ["text", "varchar", "int4", "int8", "bool", "timestamptz", "name"]
)
