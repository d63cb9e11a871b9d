 ;; 
; /* only */ ;
