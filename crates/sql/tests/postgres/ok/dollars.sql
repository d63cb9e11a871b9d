DO $$ BEGIN PERFORM 1; END $$;
DO $été_1$ SELECT ';$$;$other$;'; $été_1$;
SELECT a$b, c$d$e FROM t; SELECT $1, $2::text;
PREPARE p AS SELECT $1$$;$$;
CREATE FUNCTION f(a int) RETURNS int LANGUAGE plpgsql AS $function$
BEGIN
  IF a > 1 THEN EXECUTE $q$SELECT 1; SELECT 2;$q$; END IF;
  RETURN 1;
END;
$function$;
