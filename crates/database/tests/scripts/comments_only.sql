/* nothing; here */
-- or; here
;;
-- and no line end